/**
 * Writing: the order of steps that makes a sector's write one thing. Several sectors share the flushes of each step where there are lanes for them (write-batch.ts).
 *
 * Invariants, kept here unless another place is named:
 *  1. At most one task is inside a lane section (the lane table keeps it).
 *  2. Each lane owns exactly one free block, and no two lanes the same.
 *  3. Mapped and free blocks together are all internal blocks, each exactly once.
 *  4. A read-tracking entry has one writer, the holder of its lane, and only it clears it.
 *  5. A block is not written while it is mapped or in the read tracking.
 *  6. The data is durable before flog half 1 is stored, the flog before the map, and the map before the free list advances and the lane is released. Half 0 becomes
 *     durable before half 1, by one of two things:
 *     - a persist between them, which is over before half 1 is stored;
 *     - where the storage keeps the order of stores to one aligned line of 64 bytes (`sameLineOrdered`) and the lane's flog group is such a line, that order. Half 0 is
 *       stored first, so whatever part of the line is durable at a crash, half 1 is not in it without half 0. So it is with ordinary stores of x86, which reach the
 *       medium by whole lines, and not with stores past the cache. One persist of both comes before the map.
 *     Without half 1 the slot has its old sequence number, and counts as the older one whatever half 0 is.
 *  7. Locks are taken in the order lanes, map locks, and map locks in ascending order. Nobody waits for a lane while holding a lane or a map lock; who holds a lane takes others
 *     only where they are idle. Nobody waits for readers while in the read tracking, or holding a map lock; and who holds a map lock waits for a higher one, or for
 *     storage. So the waits have no cycle.
 *  8. A map entry changes only under its map lock, from a value that was read under it; so it is also marked as an error (lost-sector.ts).
 *  9. Every arena has at least as many flog groups as there are lanes (attach keeps it).
 * 10. Any step may sleep; nothing rests on one that does not.
 * 11. Nothing of a lane's state is touched after its release.
 * 12. The free list advances only after the map entry is durable. A failure between the first flog store and that point puts the arena into the error
 *     state before its map lock is free: the block may be mapped by what is on the media, so it must not be written again. Only attaching again
 *     can tell.
 * 13. A free block whose medium is known to be bad is cleared before it is written, by the holder of its lane (clear-free-block.ts). What a sector in the error
 *     state gives up is known to be bad: the flog says so durably, with the error flag on the old block, as Linux has it.
 *     Not so after the sector was zeroed by flags: its entry cannot say both, and then only the storage can tell (`badBlocks`).
 *
 * A write that is ended at a wait (its driver went away, or refused to wait) publishes nothing; only when it stood between the first flog store and the durable
 * map entry, it is a failure there (invariant 12). If a storage call of it is still under way, its lane waits for the call (lane-section.ts).
 *
 * A flush that fails, whoever asked for it, leaves open what is durable of everything that was stored. So no arena takes writes after it (storage.ts
 * keeps that), and each step that builds on a flush asks first whether one has failed meanwhile.
 */
import { InvariantError, type MaybeSleep, type Sleepable } from '@bttkit/interfaces'
import { errorEntry, mapState, normalEntry } from '@bttkit/btt-format'
import { refuseIfItCouldWait } from './atomic-precheck.ts'
import type { Arena } from './arena.ts'
import type { Attachment } from './attachment.ts'
import { ANY_ENTRY, takeLaneHint } from './batch-sector.ts'
import { makeFreeBlockFit } from './clear-free-block.ts'
import { LaneSection } from './lane-section.ts'
import { loadEntries } from './map-line.ts'
import { withoutSleepWhileHeld } from './no-sleep-while-held.ts'
import { loadOldSector, overlay } from './partial-sector.ts'
import { writeBatch } from './write-batch.ts'

/** Bytes to write: `source`, or `length` zeros where it is absent. `metadata` is for whole sectors only. */
export interface WriteRequest {
  readonly offset: number
  readonly length: number
  readonly source?: Uint8Array | undefined
  readonly metadata?: Uint8Array | undefined
  /** Where to look for a lane, given by the operation that this write is a part of; that one is in the gate already. */
  readonly partOfLaneHint?: number | undefined
}

/** Whether a piece of `count` bytes is stored in one call, by storage that can make that durable at once. Metadata of a whole sector takes a second one. */
function isWrittenThrough({ storage, sectorSize, metadataSize }: Attachment, count: number): boolean {
  return storage.writesThrough && (metadataSize === 0 || count < sectorSize)
}

/** Starts to store the new content of a sector into the lane's free block. The old rest of a partial one is in the lane's buffer. */
function storeData(
  attachment: Attachment,
  arena: Arena,
  lane: number,
  request: WriteRequest,
  done: number,
  count: number,
): MaybeSleep {
  const { buffers, sectorSize } = attachment
  let { source } = request
  let [start, length] = [done, count]
  if (source === undefined || count < sectorSize) {
    const sector = buffers.sector(lane)
    overlay(sector, (request.offset + done) % sectorSize, count, source, done)
    ;[source, start, length] = [sector, 0, sector.length]
  }
  return isWrittenThrough(attachment, count)
    ? arena.storeDataThrough(lane, source, start, length)
    : arena.storeData(lane, source, start, length)
}

/** Starts to store the metadata of a whole sector behind it. A partial sector is stored with its old metadata already. */
function storeMetadata(
  attachment: Attachment,
  arena: Arena,
  lane: number,
  request: WriteRequest,
  done: number,
  count: number,
): MaybeSleep {
  const { sectorSize, metadataSize, noMetadata } = attachment
  if (metadataSize === 0 || count < sectorSize) return undefined
  const { metadata } = request
  const start = metadata === undefined ? 0 : (done / sectorSize) * metadataSize
  return arena.storeMetadata(lane, metadata ?? noMetadata, start)
}

/** Makes what was stored of a sector durable, where it is not yet. */
function persistData(attachment: Attachment, arena: Arena, lane: number, count: number): MaybeSleep {
  return isWrittenThrough(attachment, count) ? undefined : arena.persistData(lane)
}

/**
 * Writes a range: as many sectors at once as there are idle lanes (write-batch.ts), or each whole or partial sector on its own. What was begun is durable before
 * anything else of the range begins.
 *
 * Waits for readers of the free block come first, while only the lane is held; nobody can begin to read that block afterwards, because no map entry
 * names it. Then the data, then, under the map lock, the publication.
 *
 * The steps of a single sector stand here once more, in one generator that keeps no list: for memory, the lists and generators of a batch would cost a third of its time.
 */
export function writeRange(attachment: Attachment, request: WriteRequest): Sleepable<void> {
  const section = new LaneSection(attachment)
  return withoutSleepWhileHeld(section, writeSectors(section, request))
}

function* writeSectors(section: LaneSection, request: WriteRequest): Sleepable<void> {
  const { attachment } = section
  const { gate, sectorSize } = attachment
  const { offset, length } = request
  if (length === 0) return
  if (request.partOfLaneHint === undefined) gate.enter('writing')
  try {
    refuseIfItCouldWait(attachment, offset, length)
    const hint = request.partOfLaneHint ?? takeLaneHint(attachment, length)
    if (!section.tryEnter(hint)) yield* section.enter(hint)
    for (let done = 0; done < length;) {
      const lba = Math.floor((offset + done) / sectorSize)
      const count = Math.min(sectorSize - ((offset + done) % sectorSize), length - done)
      const arena = section.arenaOf(lba)
      const premap = lba - arena.firstLba
      arena.assertWritable(premap)
      if (!arena.isFreeBlockFit(section.lane)) yield* makeFreeBlockFit(section, arena, premap)
      if (done + count < length) {
        const written = yield* writeBatch(section, arena, request, { premap, done, count })
        done += written
        if (written > 0) continue
      }
      const { lane } = section
      const block = arena.flog.freeBlock(lane)
      const expected = count < sectorSize ? yield* loadOldSector(section, arena, premap) : ANY_ENTRY

      let wait = storeData(attachment, arena, lane, request, done, count)
      if (wait !== undefined) yield section.waitFor(wait)
      if ((wait = storeMetadata(attachment, arena, lane, request, done, count)) !== undefined)
        yield section.waitFor(wait)
      if ((wait = persistData(attachment, arena, lane, count)) !== undefined) yield section.waitFor(wait)

      const mapLock = arena.mapLockOf(premap)
      if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
      let isInDoubt = false
      try {
        yield* loadEntries(section, arena, lane, premap, premap + 1)
        const entry = arena.loadedEntry(lane, premap)
        // Somebody else wrote this sector since its old content was read: begin again with theirs.
        if (expected !== ANY_ENTRY && entry !== expected) continue
        const [old, isBad] = [arena.blockOf(entry, premap), mapState(entry) === 'error']
        arena.flog.prepareEntry(lane, premap, isBad ? errorEntry(old) : old, block)
        arena.assertWritable(premap)
        isInDoubt = true
        if ((wait = arena.flog.storeHalf(lane, 0)) !== undefined) yield section.waitFor(wait)
        if ((wait = arena.flog.orderHalves(lane)) !== undefined) yield section.waitFor(wait)
        arena.assertWritable(premap)
        if ((wait = arena.flog.storeHalf(lane, 1)) !== undefined) yield section.waitFor(wait)
        if ((wait = arena.flog.persistEntry(lane)) !== undefined) yield section.waitFor(wait)
        arena.assertWritable(premap)
        if ((wait = arena.storeEntry(lane, premap, normalEntry(block))) !== undefined)
          yield section.waitFor(wait)
        arena.cacheStored(lane, premap, premap + 1)
        if ((wait = arena.persistEntries(lane, premap)) !== undefined) yield section.waitFor(wait)
        arena.assertWritable(premap)
        arena.flog.advance(lane, old, isBad)
        isInDoubt = false
        done += count
      } catch (error) {
        if (isInDoubt) arena.enterErrorState(error)
        throw error
      } finally {
        if (isInDoubt) arena.enterErrorState(new InvariantError({}, 'a write was abandoned half-way'))
        arena.readTracking.leave(lane)
        section.unlock(arena, mapLock)
      }
    }
    attachment.counters.countWrite(length)
  } finally {
    section.leave()
    if (request.partOfLaneHint === undefined) gate.leave()
  }
}
