import {
  HISTORICAL_LANE_TABLES,
  LocalReadTracking,
  MutexLocks,
  SharedLaneTable,
  SharedLocks,
  SharedReadTracking,
  type HistoricalLaneTableName,
  type HistoricalLaneTableOptions,
} from '@bttkit/region-lanes'
import { deviceScenario, type DeviceScenarioOptions, type ExploredParts } from './explored-device.ts'
import type { DeviceOperation } from './explored-operations.ts'
import { SECTOR_BYTES, type ExploredImage } from './explored-image.ts'
import type { Scenario } from './explore-scenario.ts'

const LBA = 3
/** Of the same map line as `LBA`, and so under the same map lock. */
const NEIGHBOUR = 4
/** Of another line. */
const FAR = 20

/** An operation on whole sectors. */
export function sectors(
  kind: DeviceOperation['kind'],
  lba: number,
  count = 1,
  fill?: number,
): DeviceOperation {
  return { kind, offset: lba * SECTOR_BYTES, length: count * SECTOR_BYTES, fill }
}

/** A write of the first or second half of a sector. */
function half(which: 0 | 1, lba: number, fill: number): DeviceOperation {
  const length = SECTOR_BYTES / 2
  return { kind: 'write', offset: lba * SECTOR_BYTES + which * length, length, fill }
}

/** Pairs of operations that meet in a lane, a map lock, a map entry or the read tracking. */
export const OPERATION_PAIRS: Readonly<Record<string, readonly [DeviceOperation, DeviceOperation]>> = {
  'write, write of one LBA': [sectors('write', LBA, 1, 1), sectors('write', LBA, 1, 2)],
  'write, write of neighbours': [sectors('write', LBA, 1, 1), sectors('write', NEIGHBOUR, 1, 2)],
  'write, write far apart': [sectors('write', LBA, 1, 1), sectors('write', FAR, 1, 2)],
  'write, read': [sectors('write', LBA, 1, 1), sectors('read', LBA)],
  'write of two sectors, read of the first': [sectors('write', LBA, 2, 1), sectors('read', LBA)],
  'write, zero': [sectors('write', LBA, 1, 1), sectors('zero', LBA)],
  'zero, read': [sectors('zero', LBA), sectors('read', LBA)],
  'write of a part, write': [half(0, LBA, 1), sectors('write', LBA, 1, 2)],
  'write of a part, write of the other part': [half(0, LBA, 1), half(1, LBA, 2)],
  'write of a part, read': [half(0, LBA, 1), sectors('read', LBA)],
  'read, read': [sectors('read', LBA), sectors('read', LBA)],
}

/** The parts of an attachment of one thread, with the lanes of a name. */
export function partsWith(
  lanes: HistoricalLaneTableName,
  options: HistoricalLaneTableOptions = { cpuCount: 1 },
): ExploredParts {
  const table = HISTORICAL_LANE_TABLES[lanes]
  return {
    laneTable: (words, { policy }) => table.make(words.subarray(0, -1), policy, options),
    lockTable: (words) => new MutexLocks(words, 'map-lock'),
    readTracking: (words) => new LocalReadTracking(words),
  }
}

/** The parts of an attachment of several threads. Only one takes part: what threads do to each other between two points is not explored. */
export function sharedParts(): ExploredParts {
  return {
    laneTable: (words, options) => new SharedLaneTable(words, options),
    lockTable: (words, thread) => new SharedLocks(words, 'map-lock', thread),
    readTracking: (words, thread) => new SharedReadTracking(words, thread),
  }
}

/** A scenario for every pair of operations. */
export function pairScenarios(
  image: ExploredImage,
  options: Pick<DeviceScenarioOptions, 'laneCount' | 'hints' | 'lanePolicy' | 'makeParts'>,
): Scenario[] {
  return Object.entries(OPERATION_PAIRS).map(([name, operations]) => {
    const tasks = operations.map((operation) => [operation])
    return deviceScenario(image, { ...options, name, tasks })
  })
}
