import { InvariantError } from '@bttkit/interfaces'
import type { Step } from './explore-access.ts'
import type { Execution } from './explore-execution.ts'
import { printSchedule } from './explore-schedule.ts'

/** Decides which schedules are run. */
export interface Strategy {
  /**
   * Whether an execution in which an operation failed goes on with the other tasks: a strategy that learns from the steps of an execution what else has to be run needs
   * them all.
   */
  readonly runsOnAfterFailure: boolean
  /** Before each execution. False when nothing is left to run. */
  begin(): boolean
  /** Who goes on, where somebody can. `undefined`: nobody, because whatever could follow has been covered. */
  choose(execution: Execution): number | undefined
  /** What came of the choice. */
  note(step: Step, execution: Execution): void
}

/** Who went on last, where that task can still go on: to choose another one is a preemption. */
export function uninterrupted(execution: Execution): number | undefined {
  const last = execution.schedule.at(-1)
  return last !== undefined && execution.enabled().includes(last) ? last : undefined
}

/** For a scenario that does not keep its promise: the last step did something else when the same schedule led to it before. */
export function behavesDifferently({ name, schedule }: Execution): InvariantError {
  const place = `step ${schedule.length} of ${printSchedule(schedule)}`
  return new InvariantError({}, `${name} behaves differently under the same schedule: ${place}`)
}
