/**
 * The schedules with few preemptions, as CHESS runs them (Musuvathi and Qadeer 2007). Nothing is left out for being equivalent: a class may have a member
 * within the bound and another, the one that would be run, beyond it.
 */
import { InvariantError } from '@bttkit/interfaces'
import { areSame, type Step } from './explore-access.ts'
import type { Execution } from './explore-execution.ts'
import { DepthFirstSchedules } from './explore-depth-first.ts'
import { behavesDifferently, uninterrupted } from './explore-strategy.ts'

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

export class BoundedSchedules extends DepthFirstSchedules<Node> {
  readonly runsOnAfterFailure = false
  private readonly maxPreemptions: number

  constructor(maxPreemptions: number) {
    super()
    this.maxPreemptions = maxPreemptions
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

  protected chooseAnother(node: Node): boolean {
    const next = node.others.shift()
    if (next === undefined) return false
    node.task = next
    node.step = undefined
    return true
  }
}
