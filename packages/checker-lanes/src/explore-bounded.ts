/**
 * The schedules with few preemptions, as CHESS runs them (Musuvathi and Qadeer 2007). Nothing is left out for being equivalent: a class may have a member
 * within the bound and another, the one that would be run, beyond it.
 */
import { InvariantError } from '@bttkit/interfaces'
import { areSame, type Step } from './explore-access.ts'
import type { Execution } from './explore-execution.ts'
import { behavesDifferently, uninterrupted, type Strategy } from './explore-strategy.ts'

/** A state on the present path, and the choice that was made in it. */
interface Node {
  task: number
  step: Step | undefined
  /** Tasks that are still to be chosen here. */
  readonly others: number[]
  /** Of the path up to this state, and which task could go on without one. */
  readonly preemptions: number
  readonly uninterrupted: number | undefined
}

function preemptionsAfter(node: Node | undefined): number {
  if (node === undefined) return 0
  const isPreempted = node.uninterrupted !== undefined && node.uninterrupted !== node.task
  return node.preemptions + (isPreempted ? 1 : 0)
}

export class BoundedSchedules implements Strategy {
  readonly runsOnAfterFailure = false
  private readonly maxPreemptions: number
  private readonly path: Node[] = []
  /** The step that comes next in the present execution. */
  private depth = 0
  private isFirst = true

  constructor(maxPreemptions: number) {
    this.maxPreemptions = maxPreemptions
  }

  begin(): boolean {
    this.depth = 0
    const isFirst = this.isFirst
    this.isFirst = false
    return isFirst || this.backtrack()
  }

  choose(execution: Execution): number | undefined {
    const known = this.path[this.depth]
    if (known !== undefined) return known.task
    const preemptions = preemptionsAfter(this.path.at(-1))
    const before = uninterrupted(execution)
    const others = execution.enabled().filter((task) => task !== before)
    if (before !== undefined && preemptions >= this.maxPreemptions) others.length = 0
    const task = before ?? others.shift()
    if (task !== undefined)
      this.path.push({ task, step: undefined, others, preemptions, uninterrupted: before })
    return task
  }

  note(step: Step, execution: Execution): void {
    const node = this.path[this.depth++]
    if (node === undefined) throw new InvariantError({}, 'a step that nobody chose')
    if (node.step !== undefined && !areSame(step.touched, node.step.touched))
      throw behavesDifferently(execution)
    node.step = step
  }

  /** Goes back to the last state that has a choice left, and makes it. False when there is none. */
  private backtrack(): boolean {
    for (;;) {
      const node = this.path.at(-1)
      if (node === undefined) return false
      const next = node.others.shift()
      if (next !== undefined) {
        node.task = next
        node.step = undefined
        return true
      }
      this.path.pop()
    }
  }
}
