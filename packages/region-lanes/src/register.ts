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
import { SharedLaneTable } from './shared-lane-table.ts'
import { SharedLocks } from './shared-locks.ts'
import { SharedReadTracking } from './shared-read-tracking.ts'

const makeLanes: LaneTableFactory = (words, options) =>
  options.thread === undefined
    ? // One thread needs no word beside those of the lanes.
      new MutexLaneTable(words.subarray(0, -1), options.policy)
    : new SharedLaneTable(words, options)

const makeLocks: LockTableFactory = (words, thread) =>
  thread === undefined ? new MutexLocks(words, 'map-lock') : new SharedLocks(words, 'map-lock', thread)

const makeTracking: ReadTrackingFactory = (words, thread) =>
  thread === undefined ? new LocalReadTracking(words) : new SharedReadTracking(words, thread)

/** Registers the lanes, map locks and read tracking of attachments: those for several threads where an attachment has a thread, else those for one. */
export function registerLanes(registry: Registry): void {
  registry.register<LaneTableFactory>(LANE_TABLE_FACTORY, { useFactory: () => makeLanes })
  registry.register<LockTableFactory>(LOCK_TABLE_FACTORY, { useFactory: () => makeLocks })
  registry.register<ReadTrackingFactory>(READ_TRACKING_FACTORY, { useFactory: () => makeTracking })
}
