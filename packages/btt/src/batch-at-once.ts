/**
 * Group commit at once: what write-batch.ts does with whole sectors, on storage whose calls never wait. Its invariants hold here as well. Nothing of the thread runs in between,
 * so the lists of a batch are kept for the next one.
 *
 * A batch takes its lanes and its map locks where they are free, or is not begun.
 */
import type { CallStage, MaybeSleep } from '@bttkit/interfaces'
import { errorEntry, mapState, normalEntry } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import type { Attachment } from './attachment.ts'
import { MOST_SECTORS } from './batch-sector.ts'
import type { LaneSection } from './lane-section.ts'
import { LineRanges } from './line-ranges.ts'
import { loadEntriesAtOnce } from './map-line.ts'
import type { DataPiece } from './storage.ts'

export class BatchAtOnce {
  private readonly attachment: Attachment
  /** For the answer of each call. */
  private readonly promised: (wait: MaybeSleep) => void
  /** One lane a sector, in the order of the sectors, and of each the free block that it writes, and the block that its sector gives up. */
  private readonly lanes = new Int32Array(MOST_SECTORS)
  private readonly blocks = new Uint32Array(MOST_SECTORS)
  private readonly oldBlocks = new Uint32Array(MOST_SECTORS)
  /** Whether the medium of the old block is known to be bad. */
  private readonly areBad = new Uint8Array(MOST_SECTORS)
  private count = 0
  /** The map locks that it takes, and how many of them it has. */
  private readonly locks = new Int32Array(MOST_SECTORS)
  private lockCount = 0

  constructor(attachment: Attachment, promised: (wait: MaybeSleep) => void) {
    this.attachment = attachment
    this.promised = promised
  }

  /**
   * Writes the sectors of the arena from `premap` on, durably: as many as there are idle lanes for, beside that of the section, and bytes of the source from `start` on.
   * On a device that threads share all of them, or none: what is done already could not be left out when the rest has to wait.
   *
   * @returns how many sectors; 0 where one of their map locks is in use, or not all can be written that must be, and nothing is stored
   */
  write(section: LaneSection, arena: Arena, premap: number, source: Uint8Array, start: number): number {
    const wanted = (source.length - start) / this.attachment.sectorSize
    this.gather(section, arena, Math.min(wanted, arena.sectorCount - premap))
    try {
      if (this.attachment.isShared && this.count < wanted) return 0
      arena.assertWritable(premap)
      if (!this.takeLocks(arena, premap)) return 0
      this.storeData(arena, source, start)
      this.loadEntries(section, arena, premap)
      this.publish(arena, premap)
      return this.count
    } finally {
      this.releaseLocks(section, arena)
      section.leaveBeside()
    }
  }

  /** Lanes whose free blocks are fit to be written. */
  private gather(section: LaneSection, arena: Arena, wanted: number): void {
    const { lanes } = this.attachment
    const most = Math.min(MOST_SECTORS, wanted)
    let { lane } = section
    this.count = 0
    this.add(arena, lane)
    if (!lanes.isExclusive || lanes.atomicWhileHeld || lanes.isWaitedFor?.() === true) return
    for (let left = lanes.laneCount - 1; left > 0 && this.count < most; left--) {
      const another = section.tryTakeBeside(lane + 1)
      if (another === undefined) return
      lane = another
      if (arena.isFreeBlockFit(lane)) this.add(arena, lane)
    }
  }

  private add(arena: Arena, lane: number): void {
    this.lanes[this.count] = lane
    this.blocks[this.count] = arena.flog.freeBlock(lane)
    this.count++
  }

  /** Takes the locks of its lines, each once and in ascending order, as far as none is in use. Returns whether it has all. */
  private takeLocks(arena: Arena, premap: number): boolean {
    const end = premap + this.count
    let lockCount = 0
    for (let first = premap; first < end; first = arena.lineEnd(first))
      lockCount = this.insertLock(arena.mapLockOf(first), lockCount)
    while (this.lockCount < lockCount) {
      if (!arena.mapLocks.tryAcquire(this.locks[this.lockCount] ?? 0)) return false
      this.lockCount++
    }
    return true
  }

  /** Those that it has: none of an earlier batch. */
  private releaseLocks(section: LaneSection, arena: Arena): void {
    while (this.lockCount > 0) section.unlock(arena, this.locks[--this.lockCount] ?? 0)
  }

  /** Puts a lock at its place among so many, where it is not yet. Returns how many they are then. */
  private insertLock(lock: number, lockCount: number): number {
    const { locks } = this
    let at = lockCount
    while (at > 0 && (locks[at - 1] ?? 0) > lock) at--
    if (at > 0 && locks[at - 1] === lock) return lockCount
    locks.copyWithin(at + 1, at, lockCount)
    locks[at] = lock
    return lockCount + 1
  }

  /** The first stage. Blocks that lie one behind the other are one piece. */
  private storeData(arena: Arena, source: Uint8Array, start: number): void {
    const { storage, sectorSize } = this.attachment
    const pieces: DataPiece[] = []
    for (let index = 0, end = 0; index < this.count; index = end) {
      end = this.pieceEndAt(arena, index)
      pieces.push({
        stage: 'data',
        offset: arena.freeBlockOffset(this.laneAt(index)),
        source,
        start: start + index * sectorSize,
        length: (end - index) * sectorSize,
      })
    }
    const [first] = pieces
    if (first !== undefined && pieces.length === 1 && storage.writesThrough) {
      this.promised(storage.writeThrough(first.offset, source, first.start, first.length, 'data'))
      return
    }
    if (storage.writesMany) this.promised(storage.writeMany(pieces, 'data'))
    else
      for (const { offset, start: from, length } of pieces)
        this.promised(storage.write(offset, source, from, length, 'data'))
    const ranges = new LineRanges()
    for (const { offset, length } of pieces) ranges.add(offset, length)
    this.promised(storage.persistMany(ranges.list, 'data'))
  }

  /** One past the last sector of the batch whose block continues this one's without a gap. */
  private pieceEndAt(arena: Arena, index: number): number {
    let end = index + 1
    if (arena.info.internalLbasize > this.attachment.sectorSize) return end
    while (end < this.count && this.blockAt(end) === this.blockAt(end - 1) + 1) end++
    return end
  }

  private loadEntries(section: LaneSection, arena: Arena, premap: number): void {
    for (let index = 0, end = 0; index < this.count; index = end) {
      end = this.lineEndAt(arena, premap, index)
      const lane = this.laneAt(index)
      this.promised(loadEntriesAtOnce(section, arena, lane, premap + index, premap + end))
      for (let at = index; at < end; at++) {
        const entry = arena.entryOfLine(lane, at - index)
        this.oldBlocks[at] = arena.blockOf(entry, premap + at)
        this.areBad[at] = mapState(entry) === 'error' ? 1 : 0
      }
    }
  }

  /** From the first flog store to the free lists. */
  private publish(arena: Arena, premap: number): void {
    for (let index = 0; index < this.count; index++) {
      const old = this.oldBlocks[index] ?? 0
      const oldEntry = this.areBad[index] === 1 ? errorEntry(old) : old
      arena.flog.prepareEntry(this.laneAt(index), premap + index, oldEntry, this.blockAt(index))
    }
    arena.assertWritable(premap)
    try {
      this.storeFlogEntries(arena, premap)
      arena.assertWritable(premap)
      this.storeEntries(arena, premap)
      this.promised(arena.persistEntries(this.laneAt(0), premap, this.count))
      arena.assertWritable(premap)
    } catch (error) {
      arena.enterErrorState(error)
      throw error
    }
    for (let index = 0; index < this.count; index++)
      arena.flog.advance(this.laneAt(index), this.oldBlocks[index] ?? 0, this.areBad[index] === 1)
  }

  /** Each half 0 is durable before its half 1, and all of them in the end (invariant 6 of write-range.ts). */
  private storeFlogEntries(arena: Arena, premap: number): void {
    if (arena.flog.mergesHalves) {
      this.storeHalves(arena, 0, 1, 'flog')
      return
    }
    this.storeHalves(arena, 0, 0, 'flog half 0')
    arena.assertWritable(premap)
    this.storeHalves(arena, 1, 1, 'flog half 1')
  }

  private storeHalves({ flog }: Arena, first: 0 | 1, last: 0 | 1, stage: CallStage): void {
    const ranges = new LineRanges()
    for (let index = 0; index < this.count; index++) {
      const lane = this.laneAt(index)
      this.promised(flog.storeHalf(lane, first))
      if (first !== last) this.promised(flog.storeHalf(lane, last))
      flog.addHalfTo(ranges, lane, first)
      if (first !== last) flog.addHalfTo(ranges, lane, last)
    }
    this.promised(this.attachment.storage.persistMany(ranges.list, stage))
  }

  /** A line at a time; entry by entry where readers on other threads look at them without the lock. */
  private storeEntries(arena: Arena, premap: number): void {
    for (let index = 0, end = 0; index < this.count; index = end) {
      end = this.lineEndAt(arena, premap, index)
      const lane = this.laneAt(index)
      for (let at = index; at < end; at++)
        arena.setEntryOfLine(lane, at - index, normalEntry(this.blockAt(at)))
      if (!this.attachment.isShared) this.promised(arena.storeLine(lane, premap + index, premap + end))
      else
        for (let at = index; at < end; at++)
          this.promised(arena.storeEntryOfLine(lane, premap + index, at - index))
      arena.cacheStored(lane, premap + index, premap + end)
    }
  }

  /** One past the last sector of the batch whose entry is in the line of this one's. */
  private lineEndAt(arena: Arena, premap: number, index: number): number {
    return Math.min(this.count, arena.lineEnd(premap + index) - premap)
  }

  private laneAt(index: number): number {
    return this.lanes[index] ?? 0
  }

  private blockAt(index: number): number {
    return this.blocks[index] ?? 0
  }
}
