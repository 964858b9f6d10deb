/** Reduces a failure to the smallest workload, and then to the smallest schedule of it, that still goes wrong in the same way. */
import { Budget } from './explore-budget.ts'
import { guiltyStep } from './explore-guilty.ts'
import type { Scenario } from './explore-scenario.ts'
import { shrinkSchedule, type IsSame, type WrongSchedule } from './explore-shrink-schedule.ts'
import { explore, type ExplorationFinding, type ExploreOptions } from './explore.ts'

export interface ShrinkOptions<Workload> {
  makeScenario(workload: Workload): Scenario
  /** Workloads with less in them, those that leave out most first. None: the workload stays as it is. It must come to an end to shrink ever further. */
  smaller?(workload: Workload): Iterable<Workload>
  /** Which problems are the one that was found. Default: those of the same `kind`. */
  readonly isSame?: IsSame | undefined
  /** Most executions. Default 20,000. What was reached by then is the result. */
  readonly maxExecutions?: number | undefined
  /** Whether to look for the guilty step. Default true. */
  readonly findsGuiltyStep?: boolean | undefined
  /** Ends it between two executions. What was reached by then is the result. */
  readonly signal?: AbortSignal | undefined
}

export interface Shrunk<Workload> extends WrongSchedule {
  readonly workload: Workload
  /** The first step, from 1, after which every schedule is wrong; `undefined` where there is none, nobody asked, or it would take too long to find. */
  readonly guiltyStep: number | undefined
  /** That it took. */
  readonly executions: number
}

const MOST_EXECUTIONS = 20_000
/** Most smaller workloads are right, and then all of it is spent. */
const EXECUTIONS_A_SEARCH = 300

/** The cheapest first. A mistake that needs more than two preemptions may still be among the first classes. */
const SEARCHES: readonly ExploreOptions[] = [
  { maxPreemptions: 0 },
  { maxPreemptions: 1 },
  { maxPreemptions: 2 },
  { strategy: 'exhaustive' },
]

async function findSame(
  scenario: Scenario,
  isSame: IsSame,
  budget: Budget,
): Promise<ExplorationFinding | undefined> {
  for (const search of SEARCHES) {
    const maxExecutions = Math.min(budget.left, EXECUTIONS_A_SEARCH)
    const { signal } = budget
    const result = await explore(scenario, { ...search, isOfInterest: isSame, maxExecutions, signal })
    budget.spend(result.executions + result.pruned)
    if (result.findings[0] !== undefined) return result.findings[0]
  }
  return undefined
}

/** Takes the first smaller workload that goes wrong too, and begins anew with that. */
async function shrinkWorkload<Workload>(
  workload: Workload,
  schedule: string,
  isSame: IsSame,
  options: ShrinkOptions<Workload>,
  budget: Budget,
): Promise<{ workload: Workload; schedule: string }> {
  for (const smaller of options.smaller?.(workload) ?? []) {
    if (budget.left <= 0) break
    const found = await findSame(options.makeScenario(smaller), isSame, budget)
    if (found !== undefined) return shrinkWorkload(smaller, found.schedule, isSame, options, budget)
  }
  return { workload, schedule }
}

/**
 * Makes a finding of `explore` as small as it gets: first the workload, then the number of preemptions, then that of the steps. Deterministic: the same finding, the same result.
 *
 * @throws {RangeError} where the schedule does not lead to the problem
 */
export async function shrink<Workload>(
  workload: Workload,
  finding: ExplorationFinding,
  options: ShrinkOptions<Workload>,
): Promise<Shrunk<Workload>> {
  const most = options.maxExecutions ?? MOST_EXECUTIONS
  // Half of it is kept for the schedule, however many workloads there are to try.
  const budget = new Budget(most / 2, options.signal)
  const isSame = options.isSame ?? (({ kind }) => kind === finding.kind)
  const small = await shrinkWorkload(workload, finding.schedule, isSame, options, budget)
  budget.add(most / 2)
  const scenario = options.makeScenario(small.workload)
  const smallest = await shrinkSchedule(scenario, small.schedule, isSame, budget)
  const { findsGuiltyStep = true } = options
  const guilty = findsGuiltyStep ? await guiltyStep(scenario, smallest.schedule, budget) : undefined
  return { ...smallest, workload: small.workload, guiltyStep: guilty, executions: budget.used }
}
