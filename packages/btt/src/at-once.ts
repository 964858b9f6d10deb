/**
 * Operations that are done on the caller's stack, from their beginning to their end, without a generator and without garbage. On storage whose calls never wait
 * nearly all of them are. What would have to wait for a lane, a lock or a reader, or changes a part of a sector, goes the way of all others (read-range.ts,
 * write-range.ts): those keep the rules, and their invariants hold here as well.
 *
 * Invariants:
 * - Nothing else of this thread runs while one is under way, so one section serves all. Where a provider uses the device in its turn, that operation goes the other way.
 * - It gives up before it publishes anything. Only of several batches on a device of one thread some may be there, and nobody can see that: who does all of them
 *   instead follows without a wait. Where others take part they would see a sector written twice, and what they wrote in between undone.
 * - It is not begun where it might be refused to sleep in its middle.
 * - Who does it instead looks for a lane where it did: the bytes of an image do not tell which way an operation went.
 * - Its map lock is taken before its data is stored, and it waits for nothing while it has it. So it adds nothing to the order of locks (invariant 7 of write-range.ts).
 * - A thread that can have readers beside it, on other threads, enters the read tracking; where there is one thread nobody could take the block over meanwhile.
 */
import { InvariantError, type MaybeSleep } from '@bttkit/interfaces'
import { errorEntry, mapState, normalEntry } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import type { Attachment } from './attachment.ts'
import { BatchAtOnce } from './batch-at-once.ts'
import { takeLaneHint } from './batch-sector.ts'
import { LaneSection } from './lane-section.ts'
import { readableBlock } from './look-up.ts'
import { isBadBlockError } from './lost-sector.ts'
import { loadEntriesAtOnce } from './map-line.ts'

/** What a sector of zeros has in place of a block. */
const NOTHING = undefined

export class AtOnce {
  private readonly attachment: Attachment
  private readonly batch: BatchAtOnce
  private section: LaneSection

  /** @param attachment of storage whose calls never wait */
  constructor(attachment: Attachment) {
    this.attachment = attachment
    this.batch = new BatchAtOnce(attachment, (wait) => this.promised(wait))
    this.section = new LaneSection(attachment)
  }

  /** Whether requests are done here at all. */
  static suits({ storage, looksUpUnderLock }: Attachment): boolean {
    return !storage.mayWait && !looksUpUnderLock
  }

  /** As `readRange`. Returns whether it is done; where it is not, what is in the target means nothing. */
  read(offset: number, target: Uint8Array, metadata: Uint8Array | undefined): boolean {
    const { attachment, section } = this
    const { gate, laneHint } = attachment
    if (target.length === 0 || section.isHeld) return false
    gate.enter('reading')
    try {
      if (!section.tryEnter(attachment.laneHint++)) return this.giveUp(laneHint)
      if (!this.readSectors(offset, target, metadata)) return this.giveUp(laneHint)
      attachment.counters.countRead(target.length)
      return true
    } finally {
      section.leave()
      gate.leave()
    }
  }

  /** As `writeRange` of whole sectors. Returns whether it is done; where it is not, some of it may be, on a device of one thread. Under an atomic driver it is whole or not begun. */
  write(lba: number, source: Uint8Array, metadata: Uint8Array | undefined): boolean {
    const { sectorSize, metadataSize } = this.attachment
    if (this.section.isHeld) return false
    if (source.length === sectorSize) return this.writeOne(lba, source, metadata)
    return source.length > 0 && metadataSize === 0 && this.writeMany(lba, source)
  }

  private writeOne(lba: number, source: Uint8Array, metadata: Uint8Array | undefined): boolean {
    const { attachment, section } = this
    const { gate, sectorSize, laneHint } = attachment
    gate.enter('writing')
    try {
      if (!section.tryEnter(attachment.laneHint++)) return this.giveUp(laneHint)
      const arena = section.arenaOf(lba)
      const premap = lba - arena.firstLba
      arena.assertWritable(premap)
      if (!arena.isFreeBlockFit(section.lane)) return this.giveUp(laneHint)
      const mapLock = arena.mapLockOf(premap)
      if (!arena.mapLocks.tryAcquire(mapLock)) return this.giveUp(laneHint)
      try {
        this.storeData(arena, source, metadata)
        this.publish(arena, premap)
      } finally {
        section.unlock(arena, mapLock)
      }
      attachment.counters.countWrite(sectorSize)
      return true
    } finally {
      section.leave()
      gate.leave()
    }
  }

  private writeMany(lba: number, source: Uint8Array): boolean {
    const { attachment, batch, section } = this
    const { gate, sectorSize, laneHint } = attachment
    gate.enter('writing')
    try {
      // Who is under way on this thread may have a lock, or read a block, that is met when a part is published.
      if (gate.isShared) return false
      if (!section.tryEnter(takeLaneHint(attachment, source.length))) return this.giveUp(laneHint)
      for (let done = 0; done < source.length;) {
        const first = lba + done / sectorSize
        const arena = section.arenaOf(first)
        if (!arena.isFreeBlockFit(section.lane)) return this.giveUp(laneHint)
        const sectors = batch.write(section, arena, first - arena.firstLba, source, done)
        if (sectors === 0) return this.giveUp(laneHint)
        done += sectors * sectorSize
      }
      attachment.counters.countWrite(source.length)
      return true
    } finally {
      section.leave()
      gate.leave()
    }
  }

  private giveUp(laneHint: number): false {
    this.attachment.laneHint = laneHint
    return false
  }

  private readSectors(offset: number, target: Uint8Array, metadata: Uint8Array | undefined): boolean {
    const { attachment, section } = this
    const { sectorSize, metadataSize } = attachment
    const { lane } = section
    for (let done = 0, length = 0; done < target.length; done += length) {
      const lba = Math.floor((offset + done) / sectorSize)
      const within = offset + done - lba * sectorSize
      length = Math.min(sectorSize - within, target.length - done)
      const metadataAt = metadata === undefined ? 0 : (done / sectorSize) * metadataSize
      const arena = section.arenaOf(lba)
      const block = this.lookUp(arena, lba - arena.firstLba)
      if (block === NOTHING) {
        target.fill(0, done, done + length)
        metadata?.fill(0, metadataAt, metadataAt + metadataSize)
        continue
      }
      try {
        this.promised(arena.readBlock(lane, block, within, target, done, length))
        if (metadata !== undefined) this.promised(arena.readMetadata(lane, block, metadata, metadataAt))
      } catch (error) {
        // To be read again, and marked as lost, takes waiting.
        if (isBadBlockError(error)) return false
        throw error
      }
      if (attachment.isShared) arena.readTracking.leave(lane)
    }
    return true
  }

  /** The block of a sector, or nothing for zeros. Where other threads may take part it is in the read tracking, and the map has named it since (look-up.ts). */
  private lookUp(arena: Arena, premap: number): number | undefined {
    const { attachment, section } = this
    const { lane } = section
    for (;;) {
      this.loadEntry(arena, premap)
      const entry = arena.loadedEntry(lane, premap)
      const block = readableBlock(attachment, arena, premap, entry)
      if (block === NOTHING || !attachment.isShared) return block
      // What it may return is a point at which others could run, and nobody waits for anything there.
      void arena.readTracking.enter(lane, block)
      this.loadEntry(arena, premap)
      if (arena.loadedEntry(lane, premap) === entry) return block
      arena.readTracking.leave(lane)
    }
  }

  /** Loads an entry as readers do. A line that is worth being in the cache comes in, if its map lock is free. */
  private loadEntry(arena: Arena, premap: number): void {
    const { section } = this
    const { lane } = section
    if (arena.mapCache === undefined) return this.promised(arena.loadEntry(lane, premap))
    if (arena.findCached(lane, premap)) return
    const mapLock = arena.mapLockOf(premap)
    if (!arena.admitsToCache(premap) || !arena.mapLocks.tryAcquire(mapLock))
      return this.promised(arena.loadEntry(lane, premap))
    try {
      this.promised(loadEntriesAtOnce(section, arena, lane, premap, premap + 1))
    } finally {
      section.unlock(arena, mapLock)
    }
  }

  /** The new content is durable in the free block of the lane. */
  private storeData(arena: Arena, source: Uint8Array, metadata: Uint8Array | undefined): void {
    const { storage, metadataSize, noMetadata } = this.attachment
    const { lane } = this.section
    if (storage.writesThrough && metadataSize === 0) {
      this.promised(arena.storeDataThrough(lane, source, 0, source.length))
      return
    }
    this.promised(arena.storeData(lane, source, 0, source.length))
    if (metadataSize > 0) this.promised(arena.storeMetadata(lane, metadata ?? noMetadata, 0))
    this.promised(arena.persistData(lane))
  }

  /** From the map entry to the free list, under the map lock; the order is that of invariant 6 of write-range.ts. */
  private publish(arena: Arena, premap: number): void {
    const { flog } = arena
    const { lane } = this.section
    const block = flog.freeBlock(lane)
    this.promised(loadEntriesAtOnce(this.section, arena, lane, premap, premap + 1))
    const entry = arena.loadedEntry(lane, premap)
    const old = arena.blockOf(entry, premap)
    const isBad = mapState(entry) === 'error'
    flog.prepareEntry(lane, premap, isBad ? errorEntry(old) : old, block)
    arena.assertWritable(premap)
    try {
      this.promised(flog.storeHalf(lane, 0))
      this.promised(flog.orderHalves(lane))
      arena.assertWritable(premap)
      this.promised(flog.storeHalf(lane, 1))
      this.promised(flog.persistEntry(lane))
      arena.assertWritable(premap)
      this.promised(arena.storeEntry(lane, premap, normalEntry(block)))
      arena.cacheStored(lane, premap, premap + 1)
      this.promised(arena.persistEntries(lane, premap))
      arena.assertWritable(premap)
    } catch (error) {
      arena.enterErrorState(error)
      throw error
    }
    flog.advance(lane, old, isBad)
  }

  /** For the answer of a call that never waits. One that does is still under way: the lane is in quarantine until it is over, and another section takes the place of this. */
  private promised(wait: MaybeSleep): void {
    if (wait === undefined) return
    const { attachment, section } = this
    section.waitFor(wait)
    this.section = new LaneSection(attachment)
    throw new InvariantError({ image: attachment.storage.name }, 'a provider that promised not to wait did')
  }
}
