/**
 * Which steps of an execution must come before which others in every equivalent one: those of one task in their order, and of two dependent steps the
 * earlier. Kept as vector clocks.
 */
import { dependsOn, type Step } from './explore-access.ts'

/** By task: how many of its first steps happen before the step that has the clock, that step itself included. */
type Clock = readonly number[]

/** A step in its place in an execution. */
export interface Event {
  readonly step: Step
  /** Of its task's steps it is the n-th, from 1. */
  readonly turn: number
  readonly clock: Clock
}

/** Whether the order of two different events of an execution is fixed. */
export function happensBefore(one: Event, other: Event): boolean {
  return (other.clock[one.step.task] ?? 0) >= one.turn
}

export interface Placed {
  readonly event: Event
  /** The places of the steps of other tasks that the event depends on directly: nothing that happens between the two forces their order. The latest first. */
  readonly races: readonly number[]
}

/** Puts a step behind the events of an execution. */
export function placeStep(events: readonly Event[], step: Step, isBound = dependsOn): Placed {
  const before = events.findLast((event) => event.step.task === step.task)
  const clock = [...(before?.clock ?? [])]
  const races: number[] = []
  for (let at = events.length - 1; at >= 0; at--) {
    const event = events[at]
    if (event === undefined || (clock[event.step.task] ?? 0) >= event.turn) continue
    if (!isBound(step, event.step)) continue
    races.push(at)
    for (const [task, turn] of event.clock.entries()) clock[task] = Math.max(clock[task] ?? 0, turn ?? 0)
  }
  const turn = (before?.turn ?? 0) + 1
  clock[step.task] = turn
  return { event: { step, turn, clock }, races }
}

/** The tasks that could go first among these events, which stand in their order: nothing among them happens before their first ones. */
export function initialTasks(events: readonly Event[]): number[] {
  const initials: number[] = []
  for (const [at, event] of events.entries()) {
    const isFirst = !events.slice(0, at).some((earlier) => happensBefore(earlier, event))
    if (isFirst) initials.push(event.step.task)
  }
  return initials
}
