/**
 * All schedules, of those that are equivalent one: dynamic partial-order reduction (Flanagan and Godefroid 2005) with source sets and sleep sets (Abdulla, Aronis, Jonsson,
 * Sagonas 2014).
 *
 * Two schedules are equivalent when they differ in the order of independent steps only. At first each state on the path has one choice. When a step turns out
 * to depend on an earlier one of another task, with nothing between the two that forces their order, the two race: at the state before the earlier one,
 * some task must be tried with which the later one can come first. Which tasks those are, is known from what happened since. So a state gets the choices
 * that make a difference, and no others.
 *
 * When all schedules from a state that begin with task T are done, T is put to sleep in the state's other subtrees, and wakes when a step is made that
 * depends on T's next one; who sleeps is not run. So no class of schedules is run to its end twice, and executions where everybody sleeps are broken off.
 *
 * A step that ends with its task blocked tells nothing about what it would have touched had it come earlier, and got what it waits for. So before each step that it races
 * with, everything is tried. Apart from that, what a step touches may depend on what its task saw in earlier steps, and not on the order of others.
 *
 * A task that is blocked makes no step that could race, so it is looked at when it comes to be blocked: what it waits for races with the steps that touched that.
 *
 * Invariants:
 * - The step of a sleeper is known: it was made from a state that differs from the present one by steps independent of it only.
 * - A prefix of choices leads to the same state each time. Scenarios promise it, and what each step touched is compared.
 */
import { InvariantError } from '@bttkit/interfaces'
import { areSame, dependsOn, type Step } from './explore-access.ts'
import type { Execution } from './explore-execution.ts'
import { happensBefore, initialTasks, placeStep, type Event } from './explore-happens-before.ts'
import { DepthFirstSchedules } from './explore-depth-first.ts'
import { behavesDifferently, uninterrupted } from './explore-strategy.ts'

/** A state on the present path, and the choice that was made in it. */
interface Node {
  readonly enabled: readonly number[]
  /** Tasks whose next step was covered, with that step. */
  readonly sleeping: Map<number, Step>
  /** Tasks that have to be tried here, in this order. */
  readonly choices: number[]
  task: number
  event: Event | undefined
}

function canChangePlaces(one: Step, other: Step): boolean {
  return !dependsOn(one, other) && !dependsOn(other, one)
}

export class ReducedSchedules extends DepthFirstSchedules<Node> {
  readonly runsOnAfterFailure = true

  choose(execution: Execution): number | undefined {
    const known = this.path[this.depth]
    if (known !== undefined) return known.task
    const sleeping = this.sleepers()
    const enabled = execution.enabled()
    const first = uninterrupted(execution)
    const task =
      first !== undefined && !sleeping.has(first) ? first : enabled.find((other) => !sleeping.has(other))
    if (task !== undefined) this.path.push({ enabled, sleeping, choices: [task], task, event: undefined })
    return task
  }

  note(step: Step, execution: Execution): void {
    const node = this.path[this.depth]
    if (node === undefined) throw new InvariantError({}, 'a step that nobody chose')
    if (node.event === undefined) this.learn(node, step, execution)
    else if (!areSame(step.touched, node.event.step.touched)) throw behavesDifferently(execution)
    this.depth++
  }

  protected chooseAnother(node: Node): boolean {
    if (node.event !== undefined) node.sleeping.set(node.task, node.event.step)
    const next = node.choices.find((task) => !node.sleeping.has(task))
    if (next === undefined) return false
    node.task = next
    node.event = undefined
    return true
  }

  /** Who sleeps after the path: whoever slept before its last step and does not depend on it. */
  private sleepers(): Map<number, Step> {
    const sleeping = new Map<number, Step>()
    const last = this.path.at(-1)
    for (const [task, step] of last?.sleeping ?? [])
      if (last?.event !== undefined && canChangePlaces(step, last.event.step)) sleeping.set(task, step)
    return sleeping
  }

  /** A step that is made for the first time: with which earlier ones does it race? */
  private learn(node: Node, step: Step, execution: Execution): void {
    const before = this.eventsBefore(this.depth)
    const { event, races } = placeStep(before, step)
    node.event = event
    const blocked = execution.blocked()
    for (const at of races) {
      if (blocked.includes(step.task)) this.tryAll(at)
      else this.reverse(at, before, event)
    }
    for (const task of blocked)
      if (task === step.task || step.toggled.includes(task)) this.learnBlocked(task, execution)
  }

  /** A task came to be blocked by the last step. */
  private learnBlocked(task: number, execution: Execution): void {
    const awaited = execution.awaited(task)
    const before = this.eventsBefore(this.depth + 1)
    const next: Step = { task, touched: awaited === undefined ? [] : [awaited], toggled: [] }
    // A wait that does not say what for may be for anything.
    const { races } = placeStep(before, next, awaited === undefined ? () => true : dependsOn)
    for (const at of races) if (this.wasAble(task, at)) this.tryAll(at)
  }

  private eventsBefore(depth: number): Event[] {
    const events: Event[] = []
    for (const { event } of this.path.slice(0, depth)) if (event !== undefined) events.push(event)
    return events
  }

  /** Whether a blocked task could go on before the step at a place, to this wait or to one before it. */
  private wasAble(task: number, at: number): boolean {
    return (
      this.path[at]?.enabled.includes(task) === true || this.path.slice(at).some((node) => node.task === task)
    )
  }

  /** Sees to it that at the state before the event at a place something is tried with which `later` can come before that event. */
  private reverse(at: number, events: readonly Event[], later: Event): void {
    const node = this.path[at]
    const earlier = events[at]
    if (node === undefined || earlier === undefined) return
    const freeOfIt = events.slice(at + 1).filter((event) => !happensBefore(earlier, event))
    const initials = initialTasks([...freeOfIt, later])
    if (initials.some((task) => node.sleeping.has(task) || node.choices.includes(task))) return
    const able = initials.filter((task) => node.enabled.includes(task))
    if (able.includes(later.step.task)) node.choices.push(later.step.task)
    else if (able[0] !== undefined) node.choices.push(able[0])
    else this.tryAll(at)
  }

  private tryAll(at: number): void {
    const node = this.path[at]
    node?.choices.push(...node.enabled.filter((task) => !node.choices.includes(task)))
  }
}
