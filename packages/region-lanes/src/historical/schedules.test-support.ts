import type { LaneTable, Sleepable } from '@bttkit/interfaces'
import { Scheduler, preemptionPoint, type ScheduledTask } from '@bttkit/sleepable'

/** One program: its tasks under a scheduler, and what to look at after each step. */
export interface Program {
  readonly scheduler: Scheduler
  /** Whether what must never be has been. Looked at after each step, and at the end. */
  isViolated(): boolean
  /** Which of the tasks that can continue may; default: all. */
  mayRun?(task: ScheduledTask): boolean
}

export interface Counts {
  schedules: number
  violating: number
  stuck: number
  /** Steps to the earliest violation of all schedules. */
  shortest: number
}

/** Runs a program once, by the choices given and then always the first; says how many choices there were at each step. */
function runOnce(make: () => Program, choices: readonly number[], counts: Counts): number[] {
  const program = make()
  const { scheduler } = program
  const widths: number[] = []
  let violatedAt: number | undefined
  for (;;) {
    const candidates = scheduler.runnable().filter((task) => program.mayRun?.(task) ?? true)
    const chosen = candidates[choices[widths.length] ?? 0]
    if (chosen === undefined) break
    widths.push(candidates.length)
    chosen.resume()
    if (chosen.state === 'failed') throw chosen.error
    if (violatedAt === undefined && program.isViolated()) violatedAt = widths.length
  }
  counts.schedules++
  if (!scheduler.finished()) counts.stuck++
  if (violatedAt !== undefined) {
    counts.violating++
    counts.shortest = Math.min(counts.shortest, violatedAt)
  }
  return widths
}

/** Runs every schedule of a program, depth first, each from the start. */
export function everySchedule(make: () => Program): Counts {
  const counts: Counts = { schedules: 0, violating: 0, stuck: 0, shortest: Infinity }
  let choices: number[] = []
  for (;;) {
    const widths = runOnce(make, choices, counts)
    const path = widths.map((_, step) => choices[step] ?? 0)
    let last = path.length - 1
    while (last >= 0 && (path[last] ?? 0) + 1 >= (widths[last] ?? 0)) last--
    if (last < 0) return counts
    choices = [...path.slice(0, last), (path[last] ?? 0) + 1]
  }
}

/** A scheduling point in a lane section. */
export const inLane = (lane: number) =>
  preemptionPoint({ object: 'lane', kind: 'write', start: lane, end: lane + 1 })

/** Acquire, two preemption points, release: three steps where it need not wait. */
export function* section(lanes: LaneTable, hint: number, inside: number[]): Sleepable<void> {
  const lane = yield* lanes.acquire(hint)
  inside.push(lane)
  yield inLane(lane)
  yield inLane(lane)
  inside.splice(inside.indexOf(lane), 1)
  lanes.release(lane)
}

/** A section a hint; violated while two of them are in one lane. */
export function sections(
  makeLanes: () => LaneTable,
  hints: readonly number[],
  /** Number of CPUs, when a section keeps others from its CPU. */
  unpreemptedOn?: number,
): () => Program {
  return () => {
    const lanes = makeLanes()
    const scheduler = new Scheduler()
    const inside: number[] = []
    const cpus = new Map<ScheduledTask, number>()
    for (const [i, hint] of hints.entries()) {
      const task: ScheduledTask = scheduler.add(`task ${i}`, section(lanes, hint, inside))
      if (unpreemptedOn !== undefined) cpus.set(task, hint % unpreemptedOn)
    }
    // The first step is the acquire, so a task that has run and has not ended is in its section or spins for it.
    const isOnCpuOf = (task: ScheduledTask) => (other: ScheduledTask) =>
      other !== task && other.wait !== undefined && cpus.get(other) === cpus.get(task)
    const mayRun = (task: ScheduledTask): boolean =>
      unpreemptedOn === undefined || !scheduler.tasks.some(isOnCpuOf(task))
    const isViolated = (): boolean => new Set(inside).size < inside.length
    return { scheduler, isViolated, mayRun }
  }
}
