export {
  HISTORICAL_LANE_TABLES,
  OwnerSpinlockLaneTable,
  PreemptionOffLaneTable,
  RecursionCountLaneTable,
  SpinlockBhLaneTable,
  type HistoricalLaneTable,
  type HistoricalLaneTableName,
  type HistoricalLaneTableOptions,
} from './historical/index.ts'
export { LocalReadTracking } from './local-read-tracking.ts'
export { MeasuredLaneTable } from './measured-lane-table.ts'
export { MutexLaneTable } from './mutex-lane-table.ts'
export { MutexLocks } from './mutex-locks.ts'
export { NATIVE_ATOMICS } from './native-atomics.ts'
export { registerLanes } from './register.ts'
export { SharedLaneTable } from './shared-lane-table.ts'
export { SharedLocks } from './shared-locks.ts'
export { SharedReadTracking } from './shared-read-tracking.ts'
export { ThreadRegistry } from './thread-registry.ts'
export type { KernelThread, ThreadWatch } from './kernel-thread.ts'
