import type { Access } from './explore-access.ts'
import { Execution } from './explore-execution.ts'
import type { Scenario } from './explore-scenario.ts'
import { parseSchedule, taskLetter } from './explore-schedule.ts'

/** One step of a replayed schedule. */
export interface ReplayedStep {
  readonly task: number
  readonly name: string
  readonly touched: readonly Access[]
}

export interface Replay {
  /** What is wrong where the schedule ends; `undefined` also where it ends too early to tell. */
  readonly problem: string | undefined
  /** The same for problems that differ in numbers and details only. */
  readonly kind: string | undefined
  /** Whether no task can go on any more. */
  readonly isComplete: boolean
  readonly steps: readonly ReplayedStep[]
}

/**
 * Runs a scenario once, under a schedule as `explore` prints it.
 *
 * @throws {SyntaxError} for what is no schedule; {RangeError} where the task that it names cannot go on
 */
export function replay(scenario: Scenario, schedule: string): Replay {
  const tasks = parseSchedule(schedule)
  const execution = new Execution(scenario)
  const steps: ReplayedStep[] = []
  try {
    for (const task of tasks) {
      if (!execution.enabled().includes(task)) {
        const place = `step ${steps.length + 1}`
        throw new RangeError(`the schedule does not fit: task ${taskLetter(task)} cannot go on at ${place}`)
      }
      steps.push({ task, name: execution.nameOf(task), touched: execution.step(task).touched })
    }
    const failure = execution.failure()
    const isComplete = failure !== undefined || execution.enabled().length === 0
    const found = failure ?? (isComplete ? execution.verdict() : undefined)
    return { problem: found?.problem, kind: found?.kind, isComplete, steps }
  } finally {
    execution.dispose()
  }
}

/** What a step did to something, in general words. */
export function describeAccess({ object, kind, start, end }: Access): string {
  const range = end === start + 1 ? `${start}` : `${start}..${end - 1}`
  return `${kind} ${object} ${range}`
}

/** A line a step: its number, its task, and what it touched, in the words of `describe`. */
export function formatTrace(
  steps: readonly ReplayedStep[],
  describe: (access: Access) => string = describeAccess,
): string {
  const width = String(steps.length).length
  const lines = steps.map(({ task, name, touched }, index) => {
    const number = String(index + 1).padStart(width)
    return `${number}  ${taskLetter(task)} ${name}: ${touched.map(describe).join(', ')}`
  })
  return lines.join('\n')
}
