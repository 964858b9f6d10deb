/** Looks for a schedule with fewer preemptions, and among those for one with fewer steps, that goes wrong in the same way. */
import { eventLoopTurn } from './event-loop-turn.ts'
import type { Budget } from './explore-budget.ts'
import { Execution, type Problem } from './explore-execution.ts'
import type { Scenario } from './explore-scenario.ts'
import { parseSchedule, printSchedule } from './explore-schedule.ts'
import { uninterrupted } from './explore-strategy.ts'
import { explore, type ExplorationFinding } from './explore.ts'

/** A schedule that goes wrong in the way that was asked for. */
export interface WrongSchedule extends ExplorationFinding {
  /** How often a task that could go on was interrupted. */
  readonly preemptions: number
  readonly steps: number
}

export type IsSame = (problem: Problem) => boolean

/** With more preemptions than this there are too many schedules to try them all. */
const MOST_PREEMPTIONS = 2
const EXECUTIONS_A_BOUND = 3000
/** An execution that a change has made longer than this does not end. */
const MOST_STEPS = 10_000

/** Runs these tasks in this order as far as that goes: who cannot go on is passed over, and after the last of them whoever goes on may go on. */
function runLike(scenario: Scenario, order: readonly number[]): WrongSchedule | undefined {
  const execution = new Execution(scenario)
  const wishes = [...order]
  let preemptions = 0
  try {
    while (execution.failure() === undefined && execution.schedule.length < MOST_STEPS) {
      const enabled = execution.enabled()
      const before = uninterrupted(execution)
      const passedOver = wishes.findIndex((wish) => enabled.includes(wish))
      const [wished] = passedOver < 0 ? [] : wishes.splice(0, passedOver + 1).slice(-1)
      const task = wished ?? before ?? enabled[0]
      if (task === undefined) break
      if (before !== undefined && before !== task) preemptions++
      execution.step(task)
    }
    if (execution.failure() === undefined && execution.enabled().length > 0) return undefined
    const problem = execution.failure() ?? execution.verdict()
    const { schedule } = execution
    return problem && { ...problem, preemptions, steps: schedule.length, schedule: printSchedule(schedule) }
  } finally {
    execution.dispose()
  }
}

function isSmaller(one: WrongSchedule, other: WrongSchedule): boolean {
  if (one.preemptions !== other.preemptions) return one.preemptions < other.preemptions
  return one.steps < other.steps
}

/** The tasks of a schedule without one turn (steps of one task that follow each other); what was left out is made up for later. */
function* withoutATurn(schedule: string): Generator<number[]> {
  const turns = schedule.split(' ')
  for (const [left] of turns.entries())
    yield parseSchedule(turns.filter((_, index) => index !== left).join(' '))
}

/** Leaves out turns as long as that makes the schedule smaller. */
async function mergeTurns(
  scenario: Scenario,
  from: WrongSchedule,
  isSame: IsSame,
  budget: Budget,
): Promise<WrongSchedule> {
  let best = from
  for (let isBetter = true; isBetter;) {
    isBetter = false
    for (const order of withoutATurn(best.schedule)) {
      await eventLoopTurn()
      if (budget.left <= 0) return best
      budget.spend(1)
      const other = runLike(scenario, order)
      if (other === undefined || !isSame(other) || !isSmaller(other, best)) continue
      best = other
      isBetter = true
      break
    }
  }
  return best
}

/** The smallest of the schedules with as few preemptions as there must be, where there are not too many of them. */
async function fewestPreemptions(
  scenario: Scenario,
  from: WrongSchedule,
  isSame: IsSame,
  budget: Budget,
): Promise<WrongSchedule> {
  let best = from
  for (let bound = 0; bound <= Math.min(best.preemptions, MOST_PREEMPTIONS); bound++) {
    const { findings, executions } = await explore(scenario, {
      maxPreemptions: bound,
      maxFindings: Infinity,
      isOfInterest: isSame,
      maxExecutions: Math.min(budget.left, EXECUTIONS_A_BOUND),
      signal: budget.signal,
    })
    budget.spend(executions)
    for (const { schedule } of findings) {
      const other = runLike(scenario, parseSchedule(schedule))
      if (other !== undefined && isSmaller(other, best)) best = other
    }
    if (findings.length > 0) break
  }
  return best
}

/**
 * The smallest schedule that was found; it is as wrong as the given one, by `isSame`. Deterministic.
 *
 * @throws {RangeError} where the schedule does not go wrong like that
 */
export async function shrinkSchedule(
  scenario: Scenario,
  schedule: string,
  isSame: IsSame,
  budget: Budget,
): Promise<WrongSchedule> {
  const from = runLike(scenario, parseSchedule(schedule))
  if (from === undefined || !isSame(from)) throw new RangeError(`${schedule} does not show that problem`)
  const merged = await mergeTurns(scenario, from, isSame, budget)
  return fewestPreemptions(scenario, merged, isSame, budget)
}
