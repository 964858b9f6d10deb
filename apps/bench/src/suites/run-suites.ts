/** Runs suites, one comparison after the other, in folders of their own that are gone afterwards. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '@bttkit/command-line'
import { fileSystemOf } from '../file-system.ts'
import { describeMachine } from '../machine.ts'
import { compareContestants } from '../measure/compare-contestants.ts'
import type { BenchReport, ComparisonReport, ReportHead } from '../measure/report.ts'
import { NativePrograms } from '../native/native-programs.ts'
import { makeSequence, writeSequence } from '../workload/sequence.ts'
import { BenchContext, type BenchFolders } from './bench-context.ts'
import { withScratchFolders } from './scratch-folders.ts'
import type { Plan, Suite } from './suite.ts'

const LEAST_ROUNDS = 5
const QUICK_LEAST_ROUNDS = 3

export interface RunOptions {
  readonly suites: readonly Suite[]
  /** Of all their comparisons only those that have this in their names. */
  readonly only?: string | undefined
  /** How long measuring takes, about; making, filling and verifying images comes on top. */
  readonly seconds: number
  readonly seed: number
  readonly isQuick: boolean
  /** Where to make folders, which are gone afterwards. */
  readonly folders: BenchFolders
  /** Default: `cc`. */
  readonly compiler?: string | undefined
  /** For the report. */
  readonly command: string
  /** Called before anything is measured. */
  readonly onStart?: (about: ReportHead) => void
  readonly onProgress: (doneMs: number) => void
  readonly signal: AbortSignal
  /** Called when a comparison is over. */
  readonly onComparison?: (comparison: ComparisonReport) => void
}

interface TimedPlan extends Plan {
  readonly limitMs: number
}

/** Each suite that has any comparisons gets its part of the time, by its weight, and each of them the same. */
export function shareTime(
  suites: readonly Suite[],
  plansOf: (suite: Suite) => readonly Plan[],
  totalMs: number,
): TimedPlan[] {
  const planned = suites
    .map((suite) => ({ weight: suite.weight, plans: plansOf(suite) }))
    .filter(({ plans }) => plans.length > 0)
  const weights = planned.reduce((sum, { weight }) => sum + weight, 0)
  return planned.flatMap(({ weight, plans }) => {
    const limitMs = (totalMs * weight) / weights / plans.length
    return plans.map((plan) => ({ ...plan, limitMs }))
  })
}

/** @throws {UsageError} where there is nothing to measure */
function planAll(context: BenchContext, { suites, only = '', seconds }: RunOptions): TimedPlan[] {
  const plansOf = (suite: Suite): readonly Plan[] =>
    suite.plan(context).filter(({ name }) => name.includes(only))
  const plans = shareTime(suites, plansOf, seconds * 1000)
  if (plans.length === 0) throw new UsageError(`no comparison of these suites has '${only}' in its name`)
  return plans
}

async function runPlans(
  { isQuick }: BenchContext,
  plans: readonly TimedPlan[],
  { onProgress, onComparison, signal }: RunOptions,
): Promise<ComparisonReport[]> {
  const leastRounds = isQuick ? QUICK_LEAST_ROUNDS : LEAST_ROUNDS
  const reports: ComparisonReport[] = []
  let startedMs = 0
  for (const { make, limitMs } of plans) {
    const made = await make()
    if (made !== undefined) {
      // Small images reach no goals, and few rounds say nothing about them.
      const comparison = isQuick ? { ...made, goals: [] } : made
      const before = startedMs
      const tell = (doneMs: number): void => onProgress(before + doneMs)
      const timing = { limitMs, leastRounds, signal, onProgress: tell }
      const report = await compareContestants(comparison, timing)
      reports.push(report)
      onComparison?.(report)
    }
    startedMs += limitMs
    onProgress(startedMs)
  }
  return reports
}

async function makeContext(folders: BenchFolders, options: RunOptions): Promise<BenchContext> {
  const { seed, isQuick, compiler } = options
  const programs = join(folders.disk, 'programs')
  await mkdir(programs)
  const sequence = makeSequence(seed)
  const sequencePath = join(folders.disk, 'sequence')
  await writeSequence(sequencePath, sequence)
  return new BenchContext({
    folders,
    programs: new NativePrograms(programs, compiler),
    sequence,
    sequencePath,
    seed,
    isQuick,
  })
}

/**
 * @throws {CommandError} where something fails, or is not as it must be after the work
 * @throws {UsageError} where there is nothing to measure
 */
export async function runSuites(options: RunOptions): Promise<BenchReport> {
  const { seconds, seed, isQuick, folders, command, onStart } = options
  const head: ReportHead = {
    benchmark: 'suites',
    machine: describeMachine(),
    storage: { memory: fileSystemOf(folders.memory), disk: fileSystemOf(folders.disk) },
    command,
    startedAt: new Date().toISOString(),
    seed,
    isQuick,
    seconds,
  }
  return withScratchFolders(folders, async (scratch) => {
    const context = await makeContext(scratch, options)
    const plans = planAll(context, options)
    onStart?.(head)
    const comparisons = await runPlans(context, plans, options)
    return { ...head, comparisons, skipped: context.skipped }
  })
}
