/**
 * An attached arena: its place on the storage, its share of the volatile state, and the single steps that operations are made of.
 *
 * Each step starts one call on the provider and returns what it waits for. The order of the steps, which is what makes a write
 * atomic, is in write-range.ts; what each step needs to hold is said here.
 */
import {
  ArenaErrorStateError,
  InvariantError,
  MapEntryError,
  type LockTable,
  type MaybeSleep,
  type Place,
  type ReadTracking,
} from '@bttkit/interfaces'
import {
  FLAG_ERROR,
  FLOG_GROUP_BYTES,
  FLOG_HALF_BYTES,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  encodeFlogHalves,
  mapBlock,
  nextSeq,
  normalEntry,
  type FlogSlots,
  type InfoBlock,
} from '@bttkit/btt-format'
import { MAP_LINE_BYTES, type LaneBuffers } from './lane-buffers.ts'
import type { Storage } from './storage.ts'
import type { ArenaWords } from './volatile-state.ts'

const ENTRIES_A_LINE = MAP_LINE_BYTES / MAP_ENTRY_BYTES
const SECOND_SLOT = 0b100
const SEQ_MASK = 0b011

/** The word of a lane, which exists: every arena has at least as many flog groups as there are lanes (invariant 9). */
function wordOf(words: Uint32Array | Int32Array, lane: number): number {
  const word = words[lane]
  if (word === undefined) throw new InvariantError({ lane }, 'the arena has no such lane')
  return word
}

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
  /** Whether other threads may take part. */
  readonly isShared: boolean
}

export class Arena {
  readonly index: number
  readonly offset: number
  readonly info: InfoBlock
  readonly firstLba: number
  readonly sectorCount: number
  readonly mapLocks: LockTable
  readonly readTracking: ReadTracking
  readonly slots: FlogSlots
  private readonly stride: number
  private readonly internalNlba: number
  private readonly dataStart: number
  private readonly mapStart: number
  private readonly logStart: number
  private readonly storage: Storage
  private readonly buffers: LaneBuffers
  private readonly words: ArenaWords
  private readonly pending: ReadonlyMap<number, number>
  private readonly isShared: boolean
  private failure: unknown

  constructor(parts: ArenaParts) {
    const { info, offset } = parts
    this.index = parts.index
    this.offset = offset
    this.info = info
    this.firstLba = parts.firstLba
    this.sectorCount = info.externalNlba
    this.stride = info.internalLbasize
    this.internalNlba = info.internalNlba
    this.dataStart = offset + info.dataoff
    this.mapStart = offset + info.mapoff
    this.logStart = offset + info.logoff
    this.slots = parts.slots
    this.storage = parts.storage
    this.buffers = parts.buffers
    this.words = parts.words
    this.mapLocks = parts.mapLocks
    this.readTracking = parts.readTracking
    this.pending = parts.pending
    this.isShared = parts.isShared
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
    return (this.isShared ? Atomics.load(errorState, 0) : errorState[0]) === 0
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
    Atomics.store(this.words.errorState, 0, 1)
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
    if (block >= this.internalNlba) {
      throw new MapEntryError(
        this.place(premap),
        `the map names block ${block}, and the arena has ${this.internalNlba}`,
      )
    }
    return block
  }

  storeNormalEntry(lane: number, premap: number, block: number): MaybeSleep {
    const { buffers } = this
    const at = buffers.mapLineAt(lane)
    buffers.view.setUint32(at, normalEntry(block), true)
    return this.storage.write(this.mapStart + premap * MAP_ENTRY_BYTES, buffers.bytes, at, MAP_ENTRY_BYTES)
  }

  persistEntry(premap: number): MaybeSleep {
    return this.storage.persist(this.mapStart + premap * MAP_ENTRY_BYTES, MAP_ENTRY_BYTES)
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
    )
  }

  storeLine(lane: number, premap: number, end: number): MaybeSleep {
    const { buffers } = this
    return this.storage.write(
      this.mapStart + premap * MAP_ENTRY_BYTES,
      buffers.bytes,
      buffers.mapLineAt(lane),
      (end - premap) * MAP_ENTRY_BYTES,
    )
  }

  /** As `storeLine`, of one entry: the one at `index` in the line that begins at `premap`. */
  storeEntryOfLine(lane: number, premap: number, index: number): MaybeSleep {
    const { buffers } = this
    const within = index * MAP_ENTRY_BYTES
    const offset = this.mapStart + premap * MAP_ENTRY_BYTES + within
    return this.storage.write(offset, buffers.bytes, buffers.mapLineAt(lane) + within, MAP_ENTRY_BYTES)
  }

  persistEntries(premap: number, count: number): MaybeSleep {
    return this.storage.persist(this.mapStart + premap * MAP_ENTRY_BYTES, count * MAP_ENTRY_BYTES)
  }

  // Data. The caller owns the block: it is the free block of its lane, or it is in the read tracking under its lane.

  readBlock(block: number, within: number, target: Uint8Array, start: number, length: number): MaybeSleep {
    return this.storage.read(this.dataStart + block * this.stride + within, target, start, length)
  }

  writeBlock(block: number, within: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    return this.storage.write(this.dataStart + block * this.stride + within, source, start, length)
  }

  persistBlock(block: number, length: number): MaybeSleep {
    return this.storage.persist(this.dataStart + block * this.stride, length)
  }

  // Flog and free list. The caller holds the lane.

  freeBlock(lane: number): number {
    return wordOf(this.words.freeBlocks, lane)
  }

  /** Puts the entry that would publish a write into the lane's buffer. Stores nothing. */
  prepareFlogEntry(lane: number, premap: number, oldBlock: number, newBlock: number): void {
    const seq = wordOf(this.words.positions, lane) & SEQ_MASK
    encodeFlogHalves(this.buffers.view, this.buffers.flogEntryAt(lane), premap, oldBlock, newBlock, seq)
  }

  /** Stores half 0 (lba, old) or half 1 (new, seq) of the prepared entry. */
  storeFlogHalf(lane: number, half: 0 | 1): MaybeSleep {
    const from = this.buffers.flogEntryAt(lane) + half * FLOG_HALF_BYTES
    return this.storage.write(this.flogHalfOffset(lane, half), this.buffers.bytes, from, FLOG_HALF_BYTES)
  }

  persistFlogHalf(lane: number, half: 0 | 1): MaybeSleep {
    return this.storage.persist(this.flogHalfOffset(lane, half), FLOG_HALF_BYTES)
  }

  /** The lane owns `oldBlock` from now on. Only after the map entry that let go of it is durable. */
  advance(lane: number, oldBlock: number): void {
    const { freeBlocks, positions } = this.words
    const position = wordOf(positions, lane)
    freeBlocks[lane] = oldBlock
    positions[lane] = ((position & SECOND_SLOT) ^ SECOND_SLOT) | nextSeq(position & SEQ_MASK)
  }

  /** Sets what the lane owns, as its flog says. Only where nobody else can have the lane. */
  setFreeBlock(lane: number, block: number, position: number): void {
    this.words.freeBlocks[lane] = block
    this.words.positions[lane] = position
  }

  /** Byte of the storage at which a lane's flog group starts. */
  flogGroupOffset(lane: number): number {
    return this.logStart + lane * FLOG_GROUP_BYTES
  }

  private flogHalfOffset(lane: number, half: 0 | 1): number {
    const inSecond = (wordOf(this.words.positions, lane) & SECOND_SLOT) !== 0
    const slot = inSecond ? this.slots.second : this.slots.first
    return this.flogGroupOffset(lane) + slot * FLOG_SLOT_BYTES + half * FLOG_HALF_BYTES
  }
}

/** The word of `ArenaWords.positions` for a lane whose next entry goes to the first or second slot with this number. */
export function flogPosition(second: boolean, seq: number): number {
  return (second ? SECOND_SLOT : 0) | seq
}
