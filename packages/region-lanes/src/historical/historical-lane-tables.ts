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

export interface HistoricalLaneTable {
  /**
   * Whether two tasks are never in one lane, wherever they are preempted. It does not say that a holder may sleep: that is
   * `atomicWhileHeld` of the table.
   */
  readonly isSafe: boolean
  /** Where it was used or proposed, for people. */
  readonly kernels: string
  /**
   * @param words one lock word a lane, 0 when free
   * @param policy for `mutex` only. The others give a task the lane of its CPU, as Linux does
   * @param cpuCount a task with a hint runs on CPU `hint % cpuCount`. No matter for `mutex`
   * @throws {LaneMisuseError} for no lanes or no CPUs
   */
  make(words: Int32Array, policy: LanePolicy, cpuCount: number): LaneTable
}

/** The lane tables of Linux by name, oldest first, to reproduce what each of them did. */
export const HISTORICAL_LANE_TABLES: Readonly<Record<HistoricalLaneTableName, HistoricalLaneTable>> =
  Object.freeze({
    'spinlock-preemption-off': Object.freeze<HistoricalLaneTable>({
      isSafe: false,
      kernels: 'Linux up to 6.6; right there, as nothing preempts a lane section',
      make: (words, _policy, cpuCount) => new PreemptionOffLaneTable(words, cpuCount),
    }),
    'recursion-count': Object.freeze<HistoricalLaneTable>({
      isSafe: false,
      kernels: 'Linux 6.7 (36c75ce3bd29) up to the fix of CVE-2026-74365',
      make: (words, _policy, cpuCount) => new RecursionCountLaneTable(words, cpuCount),
    }),
    'owner-spinlock': Object.freeze<HistoricalLaneTable>({
      isSafe: false,
      kernels: 'none: version 1 of the fix, April 2026',
      make: (words, _policy, cpuCount) => new OwnerSpinlockLaneTable(words, cpuCount),
    }),
    'spinlock-bh': Object.freeze<HistoricalLaneTable>({
      isSafe: true,
      kernels: 'none: version 2 of the fix, April 2026',
      make: (words, _policy, cpuCount) => new SpinlockBhLaneTable(words, cpuCount),
    }),
    mutex: Object.freeze<HistoricalLaneTable>({
      isSafe: true,
      kernels: 'Linux with the fix of CVE-2026-74365',
      make: (words, policy) => new MutexLaneTable(words, policy),
    }),
  })
