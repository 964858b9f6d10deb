import type { LanePolicy, LaneTable } from '@bttkit/interfaces'
import { MutexLaneTable } from '../mutex-lane-table.ts'
import { OwnerSpinlockLaneTable } from './owner-spinlock-lane-table.ts'
import { PreemptionOffLaneTable } from './preemption-off-lane-table.ts'
import { RecursionCountLaneTable } from './recursion-count-lane-table.ts'
import { SpinlockBhLaneTable } from './spinlock-bh-lane-table.ts'

export type HistoricalLaneTableName =
  | 'spinlock-preemption-off'
  | 'recursion-count'
  | 'owner-spinlock'
  | 'spinlock-bh'
  | 'mutex'

export interface HistoricalLaneTableOptions {
  /** A task with a hint runs on CPU `hint % cpuCount`. No matter for `mutex`. */
  readonly cpuCount: number
  /**
   * For `recursion-count` only: whether another task may run between the count and the lock. Then each acquisition that takes a lock waits
   * for a moment, so `runAtomic` does not go with it. Default: false.
   */
  readonly isPreemptedBeforeLock?: boolean | undefined
}

type Make = (words: Int32Array, policy: LanePolicy, options: HistoricalLaneTableOptions) => LaneTable

export interface HistoricalLaneTable {
  /**
   * Whether two tasks are never in one lane, wherever they are preempted. It does not say that a holder may sleep: that is
   * `atomicWhileHeld` of the table.
   */
  readonly isExclusive: boolean
  /** Where it was used or proposed, for people. */
  readonly kernels: string
  /**
   * @param words one lock word a lane, 0 when free
   * @param policy for `mutex` only. The others give a task the lane of its CPU, as Linux does
   * @throws {LaneMisuseError} for no lanes or no CPUs
   */
  make(words: Int32Array, policy: LanePolicy, options: HistoricalLaneTableOptions): LaneTable
}

function model(kernels: string, make: Make): HistoricalLaneTable {
  // The tables say it themselves, each of a kind the same.
  const { isExclusive } = make(new Int32Array(1), 'static', { cpuCount: 1 })
  return Object.freeze({ isExclusive, kernels, make })
}

/** The lane tables of Linux by name, oldest first, to reproduce what each of them did. */
export const HISTORICAL_LANE_TABLES: Readonly<Record<HistoricalLaneTableName, HistoricalLaneTable>> =
  Object.freeze({
    'spinlock-preemption-off': model(
      'Linux up to 6.6; right there, as nothing preempts a lane section',
      (words, _policy, { cpuCount }) => new PreemptionOffLaneTable(words, cpuCount),
    ),
    'recursion-count': model(
      'Linux 6.7 (36c75ce3bd29) up to the fix of CVE-2026-74365',
      (words, _policy, { cpuCount, isPreemptedBeforeLock }) =>
        new RecursionCountLaneTable(words, cpuCount, isPreemptedBeforeLock),
    ),
    'owner-spinlock': model(
      'none: version 1 of the fix, April 2026',
      (words, _policy, { cpuCount }) => new OwnerSpinlockLaneTable(words, cpuCount),
    ),
    'spinlock-bh': model(
      'none: version 2 of the fix, April 2026',
      (words, _policy, { cpuCount }) => new SpinlockBhLaneTable(words, cpuCount),
    ),
    mutex: model(
      'Linux with the fix of CVE-2026-74365',
      (words, policy) => new MutexLaneTable(words, policy),
    ),
  })
