export {
  HISTORICAL_LANE_TABLES,
  type HistoricalLaneTable,
  type HistoricalLaneTableName,
  type HistoricalLaneTableOptions,
} from './historical-lane-tables.ts'
export { OwnerSpinlockLaneTable } from './owner-spinlock-lane-table.ts'
export { PreemptionOffLaneTable } from './preemption-off-lane-table.ts'
export { RecursionCountLaneTable } from './recursion-count-lane-table.ts'
export { SpinlockBhLaneTable } from './spinlock-bh-lane-table.ts'
