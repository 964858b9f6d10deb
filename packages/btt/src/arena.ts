/**
 * An attached arena: its place on the storage, its share of the volatile state, and the single steps that operations are made of. Those on the flog
 * are in arena-flog.ts.
 *
 * Each step starts one call on the provider and returns what it waits for. The order of the steps, which is what makes a write
 * atomic, is in write-range.ts; what each step needs to hold is said here.
 */
import {
  ArenaErrorStateError,
  MapEntryError,
  type LockTable,
  type MaybeSleep,
  type Place,
  type ReadTracking,
  type WordAtomics,
} from '@bttkit/interfaces'
import {
  FLAG_ERROR,
  MAP_ENTRY_BYTES,
  mapBlock,
  sectorShape,
  type FlogSlots,
  type InfoBlock,
  type SectorShape,
} from '@bttkit/btt-format'
import { ArenaFlog } from './arena-flog.ts'
import { MAP_LINE_BYTES, type LaneBuffers } from './lane-buffers.ts'
import { NOT_CACHED, type MapCache } from './map-cache.ts'
import type { Storage } from './storage.ts'
import type { ArenaWords } from './volatile-state.ts'

const ENTRIES_A_LINE = MAP_LINE_BYTES / MAP_ENTRY_BYTES

export interface ArenaParts {
  readonly index: number
  /** Byte of the storage at which the arena starts. */
  readonly offset: number
  readonly info: InfoBlock
  /** LBA of the device that is the arena's LBA 0. */
  readonly firstLba: number
  readonly slots: FlogSlots
  readonly storage: Storage
  readonly buffers: LaneBuffers
  readonly words: ArenaWords
  readonly mapLocks: LockTable
  readonly readTracking: ReadTracking
  /** Map entries that interrupted writes left behind and attach may not write: by LBA of the arena. */
  readonly pending: ReadonlyMap<number, number>
  /** Absent where the storage is as near as a cache would be. */
  readonly mapCache: MapCache | undefined
  /** Whether other threads may take part. */
  readonly isShared: boolean
  /** For the words that they share. */
  readonly atomics: WordAtomics
}

export class Arena {
  readonly index: number
  readonly offset: number
  readonly info: InfoBlock
  readonly firstLba: number
  readonly sectorCount: number
  readonly mapLocks: LockTable
  readonly readTracking: ReadTracking
  readonly flog: ArenaFlog
  readonly mapCache: MapCache | undefined
  private readonly shape: SectorShape
  private readonly dataStart: number
  private readonly mapStart: number
  private readonly storage: Storage
  private readonly buffers: LaneBuffers
  private readonly words: ArenaWords
  private readonly pending: ReadonlyMap<number, number>
  private readonly isShared: boolean
  private readonly atomics: WordAtomics
  private failure: unknown

  constructor(parts: ArenaParts) {
    const { info, offset } = parts
    this.index = parts.index
    this.offset = offset
    this.info = info
    this.firstLba = parts.firstLba
    this.sectorCount = info.externalNlba
    this.shape = sectorShape(info.externalLbasize)
    this.dataStart = offset + info.dataoff
    this.mapStart = offset + info.mapoff
    this.flog = new ArenaFlog({ ...parts, start: offset + info.logoff })
    this.storage = parts.storage
    this.buffers = parts.buffers
    this.words = parts.words
    this.mapLocks = parts.mapLocks
    this.readTracking = parts.readTracking
    this.pending = parts.pending
    this.mapCache = parts.mapCache
    this.isShared = parts.isShared
    this.atomics = parts.atomics
  }

  place(premap: number, lane?: number): Place {
    return {
      image: this.storage.name,
      arena: this.index,
      lane,
      lba: this.firstLba + premap,
      offset: this.mapStart + premap * MAP_ENTRY_BYTES,
    }
  }

  // Error state

  /** Whether the arena takes writes: it is not in the error state, on whatever thread it came to it. */
  get takesWrites(): boolean {
    const { errorState } = this.words
    // Asked several times a write; a plain look takes a tenth of the time.
    return (this.isShared ? this.atomics.load(errorState, 0) : errorState[0]) === 0
  }

  /** @throws {ArenaErrorStateError} when the arena takes no writes: it is in the error state, as all are when a flush of the storage has failed. */
  assertWritable(premap: number): void {
    if (this.takesWrites) return
    const cause = this.storage.flushFailure ?? this.failure
    const reason =
      (this.info.flags & FLAG_ERROR) !== 0
        ? 'its info block carries the error flag'
        : 'an earlier change failed, and what of it is durable is not known'
    throw new ArenaErrorStateError(this.place(premap), `the arena takes no writes: ${reason}`, { cause })
  }

  /**
   * From now on the arena is read-only, for all threads: a free block may be mapped, or what is durable is not known. Attaching again finds out. The
   * first cause that is given stays; other threads do not hear it.
   */
  enterErrorState(cause?: unknown): void {
    this.failure ??= cause
    this.atomics.store(this.words.errorState, 0, 1)
  }

  // Map. The caller holds the lane, whose buffer the entry goes through; for a change also the map lock.

  mapLockOf(premap: number): number {
    return Math.floor(premap / ENTRIES_A_LINE) % this.mapLocks.lockCount
  }

  /** Starts to load one map entry; `loadedEntry` has it afterwards. */
  loadEntry(lane: number, premap: number): MaybeSleep {
    const { buffers } = this
    return this.storage.read(
      this.mapStart + premap * MAP_ENTRY_BYTES,
      buffers.bytes,
      buffers.mapLineAt(lane),
      MAP_ENTRY_BYTES,
      'map',
      lane,
    )
  }

  loadedEntry(lane: number, premap: number): number {
    if (this.pending.size > 0) {
      const recovered = this.pending.get(premap)
      if (recovered !== undefined) return recovered
    }
    return this.buffers.view.getUint32(this.buffers.mapLineAt(lane), true)
  }

  /**
   * The block of an entry, checked: what is on the media may be anything.
   *
   * @throws {MapEntryError} when the arena has no such block.
   */
  blockOf(entry: number, premap: number): number {
    const block = mapBlock(entry, premap)
    if (block >= this.info.internalNlba) {
      throw new MapEntryError(
        this.place(premap),
        `the map names block ${block}, and the arena has ${this.info.internalNlba}`,
      )
    }
    return block
  }

  /** Stores the entry of one sector, from a value that was loaded under the map lock. When that is over: `cacheStored`. */
  storeEntry(lane: number, premap: number, entry: number): MaybeSleep {
    const { buffers } = this
    this.mapCache?.suspend(premap)
    const at = buffers.mapLineAt(lane)
    buffers.view.setUint32(at, entry, true)
    const offset = this.mapStart + premap * MAP_ENTRY_BYTES
    return this.storage.write(offset, buffers.bytes, at, MAP_ENTRY_BYTES, 'map', lane)
  }

  persistEntries(lane: number, premap: number, count = 1): MaybeSleep {
    const offset = this.mapStart + premap * MAP_ENTRY_BYTES
    return this.storage.persist(offset, count * MAP_ENTRY_BYTES, 'map', lane)
  }

  /** The first LBA whose entry is in the line of `premap`. */
  lineStart(premap: number): number {
    return premap - (premap % ENTRIES_A_LINE)
  }

  /** One past the last LBA whose entry shares the map lock, and the line, of `premap`. */
  lineEnd(premap: number): number {
    return Math.min(this.sectorCount, (Math.floor(premap / ENTRIES_A_LINE) + 1) * ENTRIES_A_LINE)
  }

  /** Starts to load the entries from `premap` up to `end`, all of one line. */
  loadLine(lane: number, premap: number, end: number): MaybeSleep {
    const { buffers } = this
    return this.storage.read(
      this.mapStart + premap * MAP_ENTRY_BYTES,
      buffers.bytes,
      buffers.mapLineAt(lane),
      (end - premap) * MAP_ENTRY_BYTES,
      'map',
      lane,
    )
  }

  /** When that is over: `cacheStored`. */
  storeLine(lane: number, premap: number, end: number): MaybeSleep {
    const { buffers } = this
    this.mapCache?.suspend(premap)
    return this.storage.write(
      this.mapStart + premap * MAP_ENTRY_BYTES,
      buffers.bytes,
      buffers.mapLineAt(lane),
      (end - premap) * MAP_ENTRY_BYTES,
      'map',
      lane,
    )
  }

  /** As `storeLine`, of one entry: the one at `index` in the line that begins at `premap`. */
  storeEntryOfLine(lane: number, premap: number, index: number): MaybeSleep {
    const { buffers } = this
    this.mapCache?.suspend(premap)
    const within = index * MAP_ENTRY_BYTES
    const offset = this.mapStart + premap * MAP_ENTRY_BYTES + within
    const at = buffers.mapLineAt(lane) + within
    return this.storage.write(offset, buffers.bytes, at, MAP_ENTRY_BYTES, 'map', lane)
  }

  /** The entry at `index` of the line that was loaded into the lane's buffer. */
  entryOfLine(lane: number, index: number): number {
    return this.buffers.view.getUint32(this.buffers.mapLineAt(lane) + index * MAP_ENTRY_BYTES, true)
  }

  /** Changes it in the lane's buffer only. */
  setEntryOfLine(lane: number, index: number, entry: number): void {
    this.buffers.view.setUint32(this.buffers.mapLineAt(lane) + index * MAP_ENTRY_BYTES, entry, true)
  }

  // The cache of the map, where there is one. What goes through the lane's buffer goes through the same place of it as without a cache.

  /** Whether entries may be looked for in the cache, and put into it. */
  get usesMapCache(): boolean {
    return this.mapCache !== undefined && this.takesWrites
  }

  /** Loads one entry from the cache, without the map lock; `loadedEntry` has it afterwards. Returns whether it is there. */
  findCached(lane: number, premap: number): boolean {
    const entry = this.usesMapCache ? this.mapCache?.find(premap) : undefined
    if (entry === undefined || entry === NOT_CACHED) return false
    this.buffers.view.setUint32(this.buffers.mapLineAt(lane), entry, true)
    return true
  }

  /** Whether a line that is not in the cache is worth being brought in. */
  admitsToCache(premap: number): boolean {
    return this.usesMapCache && this.mapCache?.admits(premap) === true
  }

  /** As `loadLine` from the cache, under the map lock. Returns whether the line is there. */
  loadCached(lane: number, premap: number, end: number): boolean {
    const { buffers } = this
    return this.mapCache?.read(premap, end, buffers.view, buffers.mapLineAt(lane)) === true
  }

  /** Puts the whole line of an entry, which has been loaded under the map lock, into the cache. The lane's buffer has the entries from `premap` up to `end` afterwards. */
  cacheLoadedLine(lane: number, premap: number, end: number): void {
    const { bytes, view } = this.buffers
    const at = this.buffers.mapLineAt(lane)
    const start = this.lineStart(premap)
    this.mapCache?.fill(start, this.lineEnd(premap), view, at)
    const from = at + (premap - start) * MAP_ENTRY_BYTES
    bytes.copyWithin(at, from, from + (end - premap) * MAP_ENTRY_BYTES)
  }

  /** The entries from `premap` up to `end`, all of one line, are on the storage as they are in the lane's buffer. Under the map lock under which they were stored. */
  cacheStored(lane: number, premap: number, end: number): void {
    if (this.mapCache === undefined) return
    const { buffers } = this
    this.mapCache.resume(premap, end, buffers.view, buffers.mapLineAt(lane))
  }

  // Data. The caller owns the block: it is the free block of its lane, or it is in the read tracking under its lane.

  readBlock(
    lane: number,
    block: number,
    within: number,
    target: Uint8Array,
    start: number,
    length: number,
  ): MaybeSleep {
    return this.storage.read(this.blockOffset(block) + within, target, start, length, 'data', lane)
  }

  readMetadata(lane: number, block: number, target: Uint8Array, start: number): MaybeSleep {
    const offset = this.blockOffset(block) + this.shape.sectorSize
    return this.storage.read(offset, target, start, this.shape.metadataSize, 'metadata', lane)
  }

  /** Starts to store the beginning of the lane's free block, which is durable after `persistData`. */
  storeData(lane: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    return this.storage.write(this.freeBlockOffset(lane), source, start, length, 'data', lane)
  }

  /** As `storeData`, and it is durable when it is over. Only where the storage writes through. */
  storeDataThrough(lane: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    return this.storage.writeThrough(this.freeBlockOffset(lane), source, start, length, 'data', lane)
  }

  storeMetadata(lane: number, source: Uint8Array, start: number): MaybeSleep {
    const offset = this.freeBlockOffset(lane) + this.shape.sectorSize
    return this.storage.write(offset, source, start, this.shape.metadataSize, 'metadata', lane)
  }

  persistData(lane: number): MaybeSleep {
    return this.storage.persist(this.freeBlockOffset(lane), this.info.externalLbasize, 'data', lane)
  }

  /** Whether the lane's free block can be written at once: nobody reads it, and its medium is not known to be bad. */
  isFreeBlockFit(lane: number): boolean {
    return !this.readTracking.isRead(this.flog.freeBlock(lane)) && !this.isFreeBlockBad(lane)
  }

  // Clearing. The caller holds the lane, whose free block nobody reads.

  /** Whether the medium of the lane's free block is known to be bad, by us or by the storage. */
  isFreeBlockBad(lane: number): boolean {
    return (
      this.flog.isFreeBlockBad(lane) ||
      this.storage.isListedBad(this.freeBlockOffset(lane), this.info.externalLbasize)
    )
  }

  /** Starts to store zeros over the whole of the lane's free block, and over nothing beside it. */
  storeZeros(lane: number): MaybeSleep {
    const { internalLbasize } = this.info
    const zeros = new Uint8Array(internalLbasize)
    return this.storage.write(this.freeBlockOffset(lane), zeros, 0, internalLbasize, 'clear', lane)
  }

  persistZeros(lane: number): MaybeSleep {
    return this.storage.persist(this.freeBlockOffset(lane), this.info.internalLbasize, 'clear', lane)
  }

  /** Starts to read what a sector takes of the lane's free block into the lane's buffer. */
  readCleared(lane: number): MaybeSleep {
    const { externalLbasize } = this.info
    const sector = this.buffers.sector(lane)
    return this.storage.read(this.freeBlockOffset(lane), sector, 0, externalLbasize, 'clear', lane)
  }

  private blockOffset(block: number): number {
    return this.dataStart + block * this.info.internalLbasize
  }

  /** Byte of the storage at which the lane's free block starts. */
  freeBlockOffset(lane: number): number {
    return this.blockOffset(this.flog.freeBlock(lane))
  }
}
