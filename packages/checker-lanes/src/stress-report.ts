/** What a run found, as programs read it. */
import type { DeviceStatistics, LanePolicy, LaneStatistics } from '@bttkit/interfaces'
import { isBijection, type BijectionReport, type Found } from './bijection.ts'
import type { Failure, Mismatch } from './findings.ts'
import type { SequenceFault } from './flog-groups.ts'
import type { StressPlan } from './stress-plan.ts'
import type { ThreadResult } from './stress-result.ts'
import { noOperations, type StressOperations } from './stress-operations.ts'

/** What was run, apart from the plan. */
export interface StressSetting {
  readonly image: string
  /** The name of the lane table. */
  readonly lanes: string
  readonly policy: LanePolicy
  readonly laneCount: number
  /** Whether every storage call was a preemption point. */
  readonly preempt: boolean
  readonly preemptBeforeLock: boolean
}

export type StressVerdict =
  /** Nothing was found. */
  | 'clean'
  /** Wrong bytes, or an image that is not in order. */
  | 'corrupt'
  /** Operations failed, and nothing else. */
  | 'failed'

/** A lane that was used. */
export interface UsedLane extends LaneStatistics {
  readonly lane: number
}

export interface StressReport extends StressSetting {
  readonly seed: number
  readonly tasks: number
  readonly workers: number
  readonly readers: number
  readonly cpus: number
  readonly verdict: StressVerdict
  /** How long the tasks ran. */
  readonly seconds: number
  /** Sectors may be several in one operation. `begun` counts what tasks set out to do, a check after a write included. */
  readonly operations: Readonly<StressOperations> & { readonly begun: number }
  readonly throughput: { readonly operationsPerSecond: number; readonly bytesPerSecond: number }
  readonly laneStatistics: readonly UsedLane[]
  /** All that were found, and the first of them. */
  readonly mismatches: { readonly count: number; readonly first: readonly Mismatch[] }
  readonly failures: readonly Failure[]
  /** The blocks when all tasks had ended; `sequences` has also what was seen before. */
  readonly bijection: BijectionReport
}

/** The pieces that a report is made of. */
export interface StressOutcome {
  readonly plan: StressPlan
  readonly setting: StressSetting
  readonly elapsedMs: number
  readonly begun: number
  readonly threads: readonly ThreadResult[]
  readonly statistics: Pick<DeviceStatistics, 'lanes'>
  readonly bijection: BijectionReport
  /** Sequence numbers seen during the run. */
  readonly sequences?: Found<SequenceFault> | undefined
}

const MOST_MISMATCHES = 20

function sumOperations(threads: readonly ThreadResult[]): StressOperations {
  const sum = noOperations()
  for (const { operations } of threads) {
    sum.reads += operations.reads
    sum.writes += operations.writes
    sum.zeroes += operations.zeroes
    sum.bytesRead += operations.bytesRead
    sum.bytesWritten += operations.bytesWritten
  }
  return sum
}

function mergeFailures(threads: readonly ThreadResult[]): Failure[] {
  const byCode = new Map<string, Failure>()
  for (const failure of threads.flatMap(({ failures }) => failures)) {
    const before = byCode.get(failure.code)
    byCode.set(failure.code, { ...failure, ...before, count: failure.count + (before?.count ?? 0) })
  }
  return [...byCode.values()]
}

/** Adds the lanes that the run saw to those that the end shows; a lane counts once. */
function mergeSequences(bijection: BijectionReport, seen: Found<SequenceFault> | undefined): BijectionReport {
  if (seen === undefined) return bijection
  const isSeen = ({ arena, lane }: SequenceFault): boolean =>
    seen.first.some((fault) => fault.arena === arena && fault.lane === lane)
  const atEndOnly = bijection.sequences.first.filter((fault) => !isSeen(fault))
  const sequences = {
    count: seen.count + atEndOnly.length,
    first: [...seen.first, ...atEndOnly].slice(0, MOST_MISMATCHES),
  }
  return { ...bijection, sequences }
}

function rate(count: number, seconds: number): number {
  return seconds === 0 ? 0 : count / seconds
}

export function makeStressReport(outcome: StressOutcome): StressReport {
  const { plan, setting, elapsedMs, begun, threads, statistics } = outcome
  const { seed, tasks, workers, readers, cpus } = plan
  const operations = sumOperations(threads)
  const seconds = elapsedMs / 1000
  const mismatchCount = threads.reduce((sum, thread) => sum + thread.mismatchCount, 0)
  const failures = mergeFailures(threads)
  const bijection = mergeSequences(outcome.bijection, outcome.sequences)
  const isCorrupt = mismatchCount > 0 || !isBijection(bijection)
  return {
    ...setting,
    seed,
    tasks,
    workers,
    readers,
    cpus,
    verdict: isCorrupt ? 'corrupt' : failures.length > 0 ? 'failed' : 'clean',
    seconds,
    operations: { begun, ...operations },
    throughput: {
      operationsPerSecond: rate(begun, seconds),
      bytesPerSecond: rate(operations.bytesRead + operations.bytesWritten, seconds),
    },
    laneStatistics: statistics.lanes
      .map((lane, index) => ({ lane: index, ...lane }))
      .filter(({ acquisitions }) => acquisitions > 0),
    mismatches: {
      count: mismatchCount,
      first: threads.flatMap(({ mismatches }) => mismatches).slice(0, MOST_MISMATCHES),
    },
    failures,
    bijection,
  }
}
