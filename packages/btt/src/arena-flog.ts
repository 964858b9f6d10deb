/**
 * The flog of an attached arena, and its free list: what each lane owns, and the single steps that change it. The caller holds the lane of each.
 *
 * The two halves of an entry become durable one after the other. Mostly a flush between them sees to that. Where the storage keeps the order of stores to one
 * aligned line of 64 bytes (`sameLineOrdered`) and each group is such a line, the second half cannot become durable before the first, and
 * one persist of both is enough.
 */
import { InvariantError, type MaybeSleep } from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_HALF_BYTES,
  FLOG_SLOT_BYTES,
  encodeFlogHalves,
  nextSeq,
  type FlogSlots,
} from '@bttkit/btt-format'
import type { LaneBuffers } from './lane-buffers.ts'
import type { LineRanges } from './line-ranges.ts'
import type { Storage } from './storage.ts'
import { mergesFlogHalves } from './storage-use.ts'
import type { ArenaWords } from './volatile-state.ts'

/** The bits of `ArenaWords.positions`. */
const SEQ_MASK = 0b0011
const SECOND_SLOT = 0b0100
const BAD_BLOCK = 0b1000

/** The word of a lane, which exists: every arena has at least as many flog groups as there are lanes (invariant 9 of write-range.ts). */
function wordOf(words: Uint32Array | Int32Array, lane: number): number {
  const word = words[lane]
  if (word === undefined) throw new InvariantError({ lane }, 'the arena has no such lane')
  return word
}

/**
 * The word of `ArenaWords.positions` for a lane.
 *
 * @param second whether its next entry goes to the second slot
 * @param seq the sequence number of that entry
 * @param isBad whether the medium of its free block is known to be bad
 */
export function lanePosition(second: boolean, seq: number, isBad: boolean): number {
  return (second ? SECOND_SLOT : 0) | (isBad ? BAD_BLOCK : 0) | seq
}

export interface ArenaFlogParts {
  /** Byte of the storage at which the flog starts. */
  readonly start: number
  readonly slots: FlogSlots
  readonly storage: Storage
  readonly buffers: LaneBuffers
  readonly words: ArenaWords
}

export class ArenaFlog {
  readonly slots: FlogSlots
  private readonly start: number
  private readonly storage: Storage
  private readonly buffers: LaneBuffers
  private readonly freeBlocks: Uint32Array
  private readonly positions: Int32Array
  /** Whether both halves of an entry share a persist. */
  readonly mergesHalves: boolean

  constructor({ start, slots, storage, buffers, words }: ArenaFlogParts) {
    this.slots = slots
    this.start = start
    this.storage = storage
    this.buffers = buffers
    this.freeBlocks = words.freeBlocks
    this.positions = words.positions
    this.mergesHalves = mergesFlogHalves(storage.provider.capabilities, start)
  }

  freeBlock(lane: number): number {
    return wordOf(this.freeBlocks, lane)
  }

  /** Whether the medium of the lane's free block is known to be bad, and not yet cleared. */
  isFreeBlockBad(lane: number): boolean {
    return (wordOf(this.positions, lane) & BAD_BLOCK) !== 0
  }

  /** The free block is good again. */
  forgetBadBlock(lane: number): void {
    this.positions[lane] = wordOf(this.positions, lane) & ~BAD_BLOCK
  }

  /**
   * Puts the entry that would publish a write into the lane's buffer. Stores nothing.
   *
   * @param oldEntry the old block; with the error flag where its sector was in the error state
   */
  prepareEntry(lane: number, premap: number, oldEntry: number, newBlock: number): void {
    const seq = wordOf(this.positions, lane) & SEQ_MASK
    encodeFlogHalves(this.buffers.view, this.buffers.flogEntryAt(lane), premap, oldEntry, newBlock, seq)
  }

  /** Stores half 0 (lba, old) or half 1 (new, seq) of the prepared entry. */
  storeHalf(lane: number, half: 0 | 1): MaybeSleep {
    const within = half * FLOG_HALF_BYTES
    return this.storage.write(
      this.slotOffset(lane) + within,
      this.buffers.bytes,
      this.buffers.flogEntryAt(lane) + within,
      FLOG_HALF_BYTES,
      half === 0 ? 'flog half 0' : 'flog half 1',
      lane,
    )
  }

  /** Half 0 becomes durable before half 1, which is stored afterwards: by a persist, or by itself. */
  orderHalves(lane: number): MaybeSleep {
    if (this.mergesHalves) return undefined
    return this.storage.persist(this.slotOffset(lane), FLOG_HALF_BYTES, 'flog half 0', lane)
  }

  /** Makes the entry durable, of which both halves are stored. */
  persistEntry(lane: number): MaybeSleep {
    const offset = this.slotOffset(lane)
    if (this.mergesHalves) return this.storage.persist(offset, FLOG_SLOT_BYTES, 'flog', lane)
    return this.storage.persist(offset + FLOG_HALF_BYTES, FLOG_HALF_BYTES, 'flog half 1', lane)
  }

  /** Adds one half of the lane's entry to what is to be made durable. */
  addHalfTo(ranges: LineRanges, lane: number, half: 0 | 1): void {
    ranges.add(this.slotOffset(lane) + half * FLOG_HALF_BYTES, FLOG_HALF_BYTES)
  }

  /** The lane owns `oldBlock` from now on. Only after the map entry that let go of it is durable. */
  advance(lane: number, oldBlock: number, isBad: boolean): void {
    const position = wordOf(this.positions, lane)
    this.freeBlocks[lane] = oldBlock
    this.positions[lane] = lanePosition((position & SECOND_SLOT) === 0, nextSeq(position & SEQ_MASK), isBad)
  }

  /** Sets what the lane owns, as its flog says. Only where nobody else can have the lane. */
  setLane(lane: number, block: number, position: number): void {
    this.freeBlocks[lane] = block
    this.positions[lane] = position
  }

  /** Byte of the storage at which a lane's group starts. */
  groupOffset(lane: number): number {
    return this.start + lane * FLOG_GROUP_BYTES
  }

  private slotOffset(lane: number): number {
    const inSecond = (wordOf(this.positions, lane) & SECOND_SLOT) !== 0
    return this.groupOffset(lane) + (inSecond ? this.slots.second : this.slots.first) * FLOG_SLOT_BYTES
  }
}
