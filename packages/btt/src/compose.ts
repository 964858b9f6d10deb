/** Puts a device together, from its description and the words that its threads share. Touches no storage. */
import {
  UnsafeLanesError,
  type LaneTable,
  type LaneTableFactory,
  type LockTable,
  type LockTableFactory,
  type ReadTrackingFactory,
  type WordAtomics,
} from '@bttkit/interfaces'
import { sectorShape } from '@bttkit/btt-format'
import { MeasuredLaneTable, NATIVE_ATOMICS, type ThreadRegistry } from '@bttkit/region-lanes'
import { Arena } from './arena.ts'
import type { Attachment } from './attachment.ts'
import { AttachedBtt } from './btt-device.ts'
import { MOST_SECTORS } from './batch-sector.ts'
import { Counters } from './counters.ts'
import { mapCacheShapesOf, type DeviceDescription } from './device-description.ts'
import type { DeviceThread } from './device-thread.ts'
import { LaneBuffers } from './lane-buffers.ts'
import { MapCache } from './map-cache.ts'
import { OperationGate } from './operation-gate.ts'
import { DeadThreadRecovery, type RecoverableLanes, type RecoverableLocks } from './recover-dead-thread.ts'
import { SharedGate } from './shared-gate.ts'
import type { Storage } from './storage.ts'
import type { VolatileState } from './volatile-state.ts'

/** What an attachment is composed of beside the engine. */
export interface EngineParts {
  readonly laneTable: LaneTableFactory
  readonly lockTable: LockTableFactory
  readonly readTracking: ReadTrackingFactory
  /** Makes the registry of the threads that share the device, over its words. Default: of threads that the kernel knows. */
  readonly threadRegistry?: ((words: Int32Array) => ThreadRegistry) | undefined
  /** What the gate, the error states and the caches of the map go through; the tables and the registry have their own. Default: those of the machine. */
  readonly atomics?: WordAtomics | undefined
}

/** What a device is put together from. */
export interface DevicePieces {
  readonly storage: Storage
  readonly description: DeviceDescription
  readonly state: VolatileState
  readonly parts: EngineParts
  /** Present where other threads may take part. */
  readonly thread?: DeviceThread | undefined
  /** Whether this thread attached, and did not join: closing the device here closes it for all. */
  readonly isOwner: boolean
}

/**
 * Reading is allowed under any lanes: it harms nothing on the media. Under lanes that let two tasks in, a reader may get bytes of another sector.
 *
 * @throws {UnsafeLanesError} when writing under these lanes would corrupt, unless that is what the caller wants.
 */
function assertLanesSafe({ info, readOnly, allowsUnsafeLanes }: DeviceDescription, lanes: LaneTable): void {
  if (readOnly || allowsUnsafeLanes) return
  const refuse = (reason: string): never => {
    throw new UnsafeLanesError(
      { image: info.image },
      `${reason}, so writing could corrupt the image; to see it happen, attach with allowUnsafeLanes`,
    )
  }
  if (!lanes.isExclusive) refuse('this lane table can let two tasks into one lane')
  if (lanes.atomicWhileHeld) refuse('the holder of a lane of this table must not sleep, and a flush may')
}

function isRecoverable(lanes: LaneTable): lanes is RecoverableLanes {
  return lanes.lanesOf !== undefined && lanes.takeOver !== undefined
}

function areRecoverable(locks: LockTable): locks is RecoverableLocks {
  return locks.locksOf !== undefined && locks.takeOver !== undefined
}

function makeLanes({ description, state, parts, thread }: DevicePieces): {
  lanes: LaneTable
  measured: MeasuredLaneTable | undefined
} {
  const lanes = parts.laneTable(state.lanes, { policy: description.lanePolicy, thread })
  assertLanesSafe(description, lanes)
  if (!description.measuresLanes) return { lanes, measured: undefined }
  const measured = new MeasuredLaneTable(lanes, state.laneStatistics)
  return { lanes: measured, measured }
}

function makeArenas(pieces: DevicePieces, buffers: LaneBuffers): [Arena, ...Arena[]] {
  const { storage, description, state, parts, thread } = pieces
  const atomics = parts.atomics ?? NATIVE_ATOMICS
  const mapCaches = mapCacheShapesOf(description)
  const make = (index: number, arena: DeviceDescription['arenas'][number]): Arena => {
    const words = state.arenas[index]
    const cache = mapCaches[index]
    if (words === undefined || cache === undefined)
      throw new TypeError(`the state has no words for arena ${index}`)
    return new Arena({
      ...arena,
      index,
      isShared: description.isShared,
      mapCache: cache.setCount > 0 ? new MapCache(words.mapCache, cache, atomics) : undefined,
      atomics,
      storage,
      buffers,
      words,
      mapLocks: parts.lockTable(words.mapLocks, thread),
      readTracking: parts.readTracking(words.tracking, thread),
    })
  }
  const [first, ...others] = description.arenas
  return [make(0, first), ...others.map((arena, index) => make(index + 1, arena))]
}

/** Makes the thread able to recover others, which its lane and lock tables ask for when a wait takes long. */
function makeRecovery(
  { storage, description }: DevicePieces,
  { lanes, arenas, gate }: Attachment,
  thread: DeviceThread,
  sharedGate: SharedGate,
): DeadThreadRecovery {
  const refuse = (what: string): never => {
    throw new TypeError(`a device for several threads needs ${what}; these are for one thread`)
  }
  const recoverableLocks = ({ mapLocks }: Arena): RecoverableLocks =>
    areRecoverable(mapLocks) ? mapLocks : refuse('map locks with locksOf and takeOver')
  return new DeadThreadRecovery(
    {
      storage,
      gate,
      sharedGate,
      lanes: isRecoverable(lanes) ? lanes : refuse('lanes with lanesOf and takeOver'),
      arenas: arenas.map((arena) => ({ arena, mapLocks: recoverableLocks(arena) })),
      registry: thread.registry,
      readOnly: description.readOnly,
      looksUpWithoutLock: !description.looksUpUnderLock,
    },
    thread.number,
  )
}

export interface ComposedDevice {
  readonly device: AttachedBtt
  /** Through which the operations of this thread go. */
  readonly gate: OperationGate
}

/**
 * @throws {UnsafeLanesError} for writing under lanes that are not safe; {TypeError} for tables of one thread, where there are to be several
 */
export function compose(pieces: DevicePieces): ComposedDevice {
  const { storage, description, state, parts, thread, isOwner } = pieces
  const { info, isShared, laneCount } = description
  const sharedGate = thread && new SharedGate(state.gate, thread, parts.atomics)
  const gate = new OperationGate({
    image: info.image,
    mayWait: storage.mayWait || isShared,
    shared: sharedGate,
    closesForAll: isOwner,
  })
  const buffers = new LaneBuffers(laneCount, info.sectorSize + info.metadataSize)
  const { lanes, measured } = makeLanes(pieces)
  const arenas = makeArenas(pieces, buffers)
  const attachment: Attachment = {
    ...sectorShape(arenas[0].info.externalLbasize),
    storage,
    arenas,
    sectorCount: info.sectorCount,
    lanes,
    laneWait: { limitMs: description.laneWaitLimitMs },
    isShared,
    looksUpUnderLock: description.looksUpUnderLock,
    buffers,
    counters: new Counters(),
    gate,
    initialSectors: description.initialSectors,
    zeroing: description.zeroing,
    readOnly: description.readOnly,
    noMetadata: new Uint8Array(info.metadataSize),
    // Threads begin a batch apart, so that they do not meet at once.
    laneHint: thread === undefined ? 0 : thread.number * MOST_SECTORS,
  }
  storage.onFlushFailure = () => {
    for (const arena of arenas) arena.enterErrorState()
  }
  if (thread !== undefined && sharedGate !== undefined) {
    thread.recovery = makeRecovery(pieces, attachment, thread, sharedGate)
  }
  return { device: new AttachedBtt(attachment, { ...pieces, measured }), gate }
}
