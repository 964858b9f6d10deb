export {
  HISTORICAL_LANE_TABLES,
  OwnerSpinlockLaneTable,
  PreemptionOffLaneTable,
  RecursionCountLaneTable,
  SpinlockBhLaneTable,
  type HistoricalLaneTable,
  type HistoricalLaneTableName,
} from './historical/index.ts'
export { LocalReadTracking } from './local-read-tracking.ts'
export { MutexLaneTable } from './mutex-lane-table.ts'
export { MutexLocks } from './mutex-locks.ts'
export { registerMutexLanes } from './register.ts'
export { SharedLaneTable } from './shared-lane-table.ts'
export { SharedLocks } from './shared-locks.ts'
export { SharedReadTracking } from './shared-read-tracking.ts'
export type { SharedWaitOptions } from './word-wait.ts'
