/**
 * What a device is composed from, beside the storage and the shared words: facts that attach found or was told, and nothing that changes. It can be sent
 * to another thread.
 */
import {
  LaneMisuseError,
  type AttachOptions,
  type BttInfo,
  type InitialSectors,
  type LanePolicy,
  type Zeroing,
} from '@bttkit/interfaces'
import {
  DEFAULT_NFREE,
  FLAG_ERROR,
  normalEntry,
  sectorShape,
  type FlogSlots,
  type InfoBlock,
} from '@bttkit/btt-format'
import { describeBtt } from './describe-btt.ts'
import type { JudgedArena, JudgedBtt } from './read-flog.ts'
import { mapCacheShape, type MapCacheShape } from './map-cache.ts'
import type { Storage } from './storage.ts'
import type { StateShape } from './volatile-state.ts'

export interface ArenaDescription {
  /** Byte of the storage at which the arena starts. */
  readonly offset: number
  readonly info: InfoBlock
  /** LBA of the device that is the arena's LBA 0. */
  readonly firstLba: number
  readonly slots: FlogSlots
  /** Map entries that interrupted writes left behind and attach may not write: by LBA of the arena. */
  readonly pending: ReadonlyMap<number, number>
}

export interface DeviceDescription {
  /** Changes with everything here and in the layout of the words. */
  readonly version: typeof DESCRIPTION_VERSION
  readonly info: BttInfo
  /** Bytes of the storage. */
  readonly size: number
  readonly readOnly: boolean
  readonly isShared: boolean
  /** Whether readers look up the map under its lock. */
  readonly looksUpUnderLock: boolean
  readonly initialSectors: InitialSectors
  readonly zeroing: Zeroing
  readonly laneCount: number
  readonly lanePolicy: LanePolicy
  readonly laneWaitLimitMs: number | undefined
  readonly measuresLanes: boolean
  readonly allowsUnsafeLanes: boolean
  /** The most memory for caches of the maps; 0 where there shall be none. */
  readonly mapCacheBytes: number
  readonly arenas: readonly [ArenaDescription, ...ArenaDescription[]]
}

export const DESCRIPTION_VERSION = 'bttkit device 3'

/** Bytes of a map entry: who looks at one without its lock needs it in a single access, where other threads write. */
const MAP_ENTRY_ACCESS_BYTES = 4

export function hasSingleAccessEntries(storage: Storage): boolean {
  return storage.provider.capabilities.atomicAccessBytes >= MAP_ENTRY_ACCESS_BYTES
}

/** An arena whose info block carries the error flag is not written, so its interrupted writes are completed in memory only. */
export function isFlagged({ info }: { readonly info: InfoBlock }): boolean {
  return (info.flags & FLAG_ERROR) !== 0
}

/** Below this sector size Linux gets reads of several sectors wrong where the map says zero. Behind the header of a pool it does not look for a BTT. */
const LEAST_SECTOR_ZEROED_BY_FLAGS = 4096

function suitableZeroing({ pool, arenas }: JudgedBtt): Zeroing {
  const { sectorSize } = sectorShape(arenas[0].info.externalLbasize)
  return pool === undefined && sectorSize < LEAST_SECTOR_ZEROED_BY_FLAGS ? 'data' : 'flags'
}

function chooseLaneCount(image: string, btt: JudgedBtt, wanted: number | undefined): number {
  const most = btt.arenas.reduce((least, { info }) => Math.min(least, info.nfree), DEFAULT_NFREE)
  if (wanted === undefined) return most
  if (Number.isSafeInteger(wanted) && wanted >= 1 && wanted <= most) return wanted
  throw new LaneMisuseError({ image }, `${wanted} lanes were asked for, and the image has from 1 to ${most}`)
}

const DEFAULT_MAP_CACHE_BYTES = 64 * 2 ** 20

/** @throws {RangeError} for a size that is none. */
function chooseMapCacheBytes({ provider }: Storage, wanted = DEFAULT_MAP_CACHE_BYTES): number {
  if (!Number.isSafeInteger(wanted) || wanted < 0)
    throw new RangeError(`${provider.name}: a cache of the map cannot have ${wanted} bytes`)
  return provider.mapping === undefined ? wanted : 0
}

/** As it will be when attach has finished: an attach for writing recovers what there is to recover. */
function describeAttached(image: string, btt: JudgedBtt, readOnly: boolean): BttInfo {
  const found = describeBtt(image, btt)
  return !readOnly && found.state === 'needs-recovery' ? { ...found, state: 'clean' } : found
}

function pendingEntries({ flog }: JudgedArena): Map<number, number> {
  return new Map(flog.pending.map(({ premap, block }) => [premap, normalEntry(block)]))
}

/** @throws {LaneMisuseError} when more lanes are asked for than there are, or none. */
export function describeDevice(storage: Storage, btt: JudgedBtt, options: AttachOptions): DeviceDescription {
  const { readOnly = false, threads: isShared = false } = options
  let firstLba = 0
  const describeArena = (arena: JudgedArena): ArenaDescription => {
    const { offset, info, flog } = arena
    const pending = readOnly || isFlagged(arena) ? pendingEntries(arena) : new Map<number, number>()
    const described = { offset, info, firstLba, slots: flog.slots, pending }
    firstLba += info.externalNlba
    return described
  }
  const [first, ...others] = btt.arenas
  return {
    version: DESCRIPTION_VERSION,
    info: describeAttached(storage.name, btt, readOnly),
    size: storage.size,
    readOnly,
    isShared,
    looksUpUnderLock: isShared && !readOnly && !hasSingleAccessEntries(storage),
    initialSectors: options.initialSectors ?? 'zeros',
    zeroing: options.zeroing ?? suitableZeroing(btt),
    laneCount: chooseLaneCount(storage.name, btt, options.laneCount),
    lanePolicy: options.lanePolicy ?? 'first-idle',
    laneWaitLimitMs: options.laneWaitLimitMs,
    measuresLanes: options.measureLanes ?? false,
    allowsUnsafeLanes: options.allowUnsafeLanes ?? false,
    mapCacheBytes: chooseMapCacheBytes(storage, options.mapCacheBytes),
    arenas: [describeArena(first), ...others.map(describeArena)],
  }
}

/** Of the arenas, in their order. Each has a share of the memory as large as its share of the sectors. */
export function mapCacheShapesOf({ mapCacheBytes, arenas, info }: DeviceDescription): MapCacheShape[] {
  return arenas.map(({ info: { externalNlba, nfree } }) =>
    mapCacheShape(externalNlba, nfree, Math.floor(mapCacheBytes * (externalNlba / info.sectorCount))),
  )
}

/** The shape of the words that go with a description. */
export function stateShapeOf(description: DeviceDescription): StateShape {
  const { laneCount, isShared, measuresLanes, arenas } = description
  const nfrees = arenas.map(({ info }) => info.nfree)
  return { laneCount, isShared, measuresLanes, nfrees, mapCaches: mapCacheShapesOf(description) }
}
