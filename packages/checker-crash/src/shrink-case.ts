/** Reduces what `checkOverlapping` has found: to the smallest program, then the smallest schedule, then the first moment, then the fewest stores that survive. */
import {
  parseSchedule,
  printSchedule,
  replay,
  shrink,
  type ExplorationFinding,
  type Problem,
  type StepRecorder,
} from '@bttkit/checker-lanes'
import type { PowerFailMemory, UnitFate } from '@bttkit/pmem-power-fail'
import { OverlappingCheck, type Moment, type OverlappingRun } from './check-overlapping.ts'
import {
  overlappingOptions,
  smallerCrashPrograms,
  type CrashProgram,
  type CrashSetting,
} from './crash-program.ts'
import { fewestStores, storesIn } from './fewest-stores.ts'
import type { CrashCase } from './replay-case.ts'

export interface ShrinkCaseOptions {
  /** Most executions. Default 3000. What was reached by then is the result. */
  readonly maxExecutions?: number | undefined
  /** Ends it early. What was reached by then is the result. */
  readonly signal?: AbortSignal | undefined
}

const MOST_EXECUTIONS = 3000
/** Of one moment, to find a wrong one with few stores; more where none of them is. */
const MOST_STATES = 50

/** A problem without what differs between two programs that show one mistake. */
function claimOf({ kind, problem }: Problem): string {
  if (!problem.startsWith('power failure')) return kind
  return problem.split(':').slice(0, 3).join(':').replaceAll(/\d+/g, '#')
}

/** The moments of one run. */
function momentsOf(check: OverlappingCheck, schedule: string): readonly Moment[] {
  let run: OverlappingRun | undefined
  const make = (recorder: StepRecorder): OverlappingRun => (run = check.makeRun(recorder))
  replay(
    { name: 'power failure', make: (recorder) => ({ ...make(recorder), check: () => undefined }) },
    schedule,
  )
  return run?.moments ?? []
}

/** Ends the search for a state. */
class EnoughStates extends Error {}

/** Of the states of a moment that are wrong: one in which few stores survived. Looks where `checkOverlapping` does. */
function wrongState(
  check: OverlappingCheck,
  moment: Moment,
  claim: string,
  limit: number | undefined,
): readonly UnitFate[] | undefined {
  let best: readonly UnitFate[] | undefined
  let tried = 0
  const judge = (left: PowerFailMemory): void => {
    const problem = check.judgeState(moment, left)
    const isWrong = problem !== undefined && claimOf({ kind: '', problem }) === claim
    if (isWrong && (best === undefined || storesIn(left.choices) < storesIn(best))) best = left.choices
    tried++
    if (best !== undefined && tried >= MOST_STATES) throw new EnoughStates()
  }
  try {
    moment.failure.explore(judge, limit === undefined ? {} : { limit })
  } catch (error) {
    if (!(error instanceof EnoughStates)) throw error
  }
  return best
}

/** The first moment that goes wrong in the same way. */
function firstCrash(
  program: CrashProgram,
  setting: CrashSetting,
  { kind, problem, schedule }: ExplorationFinding,
): CrashCase {
  const claim = claimOf({ kind, problem })
  const check = new OverlappingCheck(overlappingOptions(program, setting))
  for (const [point, moment] of momentsOf(check, schedule).entries()) {
    const found =
      check.problemOf(moment) === undefined ? undefined : wrongState(check, moment, claim, setting.limit)
    if (found === undefined) continue
    const problemOf = (choices: readonly UnitFate[]): string | undefined =>
      check.judgeState(moment, moment.failure.state(choices))
    const isWrong = (choices: readonly UnitFate[]): boolean => {
      const other = problemOf(choices)
      return other !== undefined && claimOf({ kind, problem: other }) === claim
    }
    const choices = fewestStores(found, isWrong)
    const beginning = printSchedule(parseSchedule(schedule).slice(0, moment.step))
    return {
      program,
      schedule: beginning,
      powerFailure: { point, choices },
      problem: problemOf(choices) ?? problem,
    }
  }
  return { program, schedule, problem }
}

/**
 * Makes a finding as small as it gets. Deterministic, where no signal ends it: the same finding, the same result.
 *
 * @throws {RangeError} where the schedule does not lead to the problem
 */
export async function shrinkCase(
  program: CrashProgram,
  finding: ExplorationFinding,
  setting: CrashSetting,
  { maxExecutions = MOST_EXECUTIONS, signal }: ShrinkCaseOptions = {},
): Promise<CrashCase> {
  const claim = claimOf(finding)
  const small = await shrink(program, finding, {
    makeScenario: (smaller) => new OverlappingCheck(overlappingOptions(smaller, setting)).scenario(),
    smaller: smallerCrashPrograms,
    isSame: (problem) => claimOf(problem) === claim,
    maxExecutions,
    findsGuiltyStep: false,
    signal,
  })
  return firstCrash(small.workload, setting, small)
}
