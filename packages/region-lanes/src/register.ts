import {
  LANE_TABLE_FACTORY,
  LOCK_TABLE_FACTORY,
  READ_TRACKING_FACTORY,
  type LaneTableFactory,
  type LockTableFactory,
  type ReadTrackingFactory,
  type Registry,
} from '@bttkit/interfaces'
import { LocalReadTracking } from './local-read-tracking.ts'
import { MutexLaneTable } from './mutex-lane-table.ts'
import { MutexLocks } from './mutex-locks.ts'

/** Registers the lanes, map locks and read tracking for attachments that one thread uses. */
export function registerMutexLanes(registry: Registry): void {
  registry.register<LaneTableFactory>(LANE_TABLE_FACTORY, {
    useFactory: () => (words, policy) => new MutexLaneTable(words, policy),
  })
  registry.register<LockTableFactory>(LOCK_TABLE_FACTORY, {
    useFactory: () => (words) => new MutexLocks(words, 'map-lock'),
  })
  registry.register<ReadTrackingFactory>(READ_TRACKING_FACTORY, {
    useFactory: () => (words) => new LocalReadTracking(words),
  })
}
