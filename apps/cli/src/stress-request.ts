import type { LanePolicy } from '@bttkit/interfaces'
import type { HistoricalLaneTableName } from '@bttkit/region-lanes'

/** The lane tables that `btt stress` knows. */
export const STRESS_LANES = [
  'mutex',
  'shared',
  'spinlock-preemption-off',
  'recursion-count',
  'owner-spinlock',
  'spinlock-bh',
] as const satisfies readonly (HistoricalLaneTableName | 'shared')[]

export type StressLanes = (typeof STRESS_LANES)[number]

/** What `btt stress` was asked to do. A message can carry it to a worker. */
export interface StressRequest {
  readonly image: string
  /** Of an image with labels: by UUID, name or number. */
  readonly namespace: string | undefined
  readonly namespaceOffset: number | undefined
  /** Modules that give further providers. */
  readonly plugins: readonly string[]
  readonly lanes: StressLanes
  readonly policy: LanePolicy
  readonly laneCount: number | undefined
  readonly limitMs: number
  readonly operationLimit: number | undefined
  readonly seed: number
  /** Of a worker. */
  readonly tasks: number
  readonly workers: number
  readonly readers: number
  readonly cpus: number
  readonly preempt: boolean
  readonly preemptBeforeLock: boolean
}

/** What a run needs from whoever asked for it. */
export interface StressSurroundings {
  /** Ends the run early, with a report of what was found so far. */
  readonly signal: AbortSignal
  /** Called now and then with the bytes read and written. */
  readonly onProgress: (bytesMoved: number) => void
}

/** Whether no two tasks ever share a lane of the table, and its holder may sleep. */
export function isSafe(lanes: StressLanes): boolean {
  return lanes === 'mutex' || lanes === 'shared'
}
