/**
 * Writing: the order of steps that makes a sector's write one thing.
 *
 * Invariants, kept here unless another place is named:
 *  1. At most one task is inside a lane section (the lane table keeps it).
 *  2. Each lane owns exactly one free block, and no two lanes the same.
 *  3. Mapped and free blocks together are all internal blocks, each exactly once.
 *  4. A read-tracking entry has one writer, the holder of its lane, and only it clears it.
 *  5. A block is not written while it is mapped or in the read tracking.
 *  6. The data is durable before flog half 1, half 0 before half 1, the flog before the map, and the map before the free list advances and the
 *     lane is released.
 *  7. Locks are taken in the order lane, map lock. Nobody waits for a lane while holding a lane or a map lock, and who holds a map lock waits for
 *     storage only. So the waits have no cycle.
 *  8. A map entry changes only under its map lock, from a value that was read under it.
 *  9. Every arena has at least as many flog groups as there are lanes (attach keeps it).
 * 10. Any step may sleep; nothing rests on one that does not.
 * 11. Nothing of a lane's state is touched after its release.
 * 12. The free list advances only after the map entry is durable. A failure between the first flog store and that point puts the arena into the error
 *     state before its map lock is free: the block may be mapped by what is on the media, so it must not be written again. Only attaching again
 *     can tell.
 *
 * A write that is ended at a wait (its driver went away, or refused to wait) publishes nothing; only when it stood between the first flog store and the durable
 * map entry, it is a failure there (invariant 12). If a storage call of it is still under way, its lane waits for the call (lane-section.ts).
 *
 * A flush that fails, whoever asked for it, leaves open what is durable of everything that was stored. So no arena takes writes after it (storage.ts
 * keeps that), and each step that builds on a flush asks first whether one has failed meanwhile.
 */
import { InvariantError, type MaybeSleep, type Sleepable } from '@bttkit/interfaces'
import { refuseIfItCouldWait } from './atomic-precheck.ts'
import type { Arena } from './arena.ts'
import type { Attachment } from './attachment.ts'
import { LaneSection } from './lane-section.ts'
import { LookUp } from './look-up.ts'
import { withoutSleepWhileHeld } from './no-sleep-while-held.ts'

/** Bytes to write: `source`, or `length` zeros where it is absent. `metadata` is for whole sectors only. */
export interface WriteRequest {
  readonly offset: number
  readonly length: number
  readonly source?: Uint8Array | undefined
  readonly metadata?: Uint8Array | undefined
  /** Where to look for a lane, given by the operation that this write is a part of; that one is in the gate already. */
  readonly partOfLaneHint?: number | undefined
}

/**
 * Reads the sector of which a part is to be written into the lane's buffer and leaves its block in the read tracking, so that it is still this content
 * when the entry is found unchanged. Returns the entry.
 */
function* loadOldSector(section: LaneSection, arena: Arena, premap: number): Sleepable<number> {
  const { attachment, lane } = section
  const { buffers, sectorSize, metadataSize, looksUpUnderLock } = attachment
  const sector = buffers.sector(lane)
  const lookUp = new LookUp()
  let wait
  if (looksUpUnderLock) yield* lookUp.underLock(section, arena, premap)
  else while ((wait = lookUp.goOn(section, arena, premap)) !== undefined) yield wait
  const entry = arena.loadedEntry(lane, premap)
  if (lookUp.block === undefined) sector.fill(0)
  else if ((wait = arena.readBlock(lookUp.block, 0, sector, 0, sectorSize + metadataSize)) !== undefined)
    yield section.waitFor(wait)
  return entry
}

/** The entry of a whole sector may have any value when it is replaced. */
const ANY_ENTRY = -1

/** Lays the new bytes of a partial sector over the old sector in the lane's buffer. */
function overlay(
  sector: Uint8Array,
  within: number,
  count: number,
  source: Uint8Array | undefined,
  start: number,
): void {
  if (source === undefined) sector.fill(0, within, within + count)
  else sector.set(source.subarray(start, start + count), within)
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
  const { buffers, sectorSize, metadataSize } = attachment
  const { source } = request
  const block = arena.freeBlock(lane)
  if (source !== undefined && count === sectorSize)
    return arena.writeBlock(block, 0, source, done, sectorSize)
  const sector = buffers.sector(lane)
  overlay(sector, (request.offset + done) % sectorSize, count, source, done)
  return arena.writeBlock(block, 0, sector, 0, sectorSize + metadataSize)
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
  return arena.writeBlock(arena.freeBlock(lane), sectorSize, metadata ?? noMetadata, start, metadataSize)
}

/**
 * Writes a range, each whole or partial sector on its own, under one lane. Each is durable before the next begins.
 *
 * Waits for readers of the free block come first, while only the lane is held; nobody can begin to read that block afterwards, because no map entry
 * names it. Then the data, then, under the map lock, the publication.
 */
export function writeRange(attachment: Attachment, request: WriteRequest): Sleepable<void> {
  const section = new LaneSection(attachment)
  return withoutSleepWhileHeld(section, writeSectors(section, request))
}

function* writeSectors(section: LaneSection, request: WriteRequest): Sleepable<void> {
  const { attachment } = section
  const { gate, sectorSize, metadataSize } = attachment
  const { offset, length } = request
  if (length === 0) return
  if (request.partOfLaneHint === undefined) gate.enter('writing')
  try {
    refuseIfItCouldWait(attachment, offset, length)
    const hint = request.partOfLaneHint ?? attachment.laneHint++
    if (!section.tryEnter(hint)) yield* section.enter(hint)
    const { lane } = section
    for (let done = 0; done < length;) {
      const lba = Math.floor((offset + done) / sectorSize)
      const count = Math.min(sectorSize - ((offset + done) % sectorSize), length - done)
      const arena = section.arenaOf(lba)
      const premap = lba - arena.firstLba
      arena.assertWritable(premap)
      const block = arena.freeBlock(lane)
      if (arena.readTracking.isRead(block)) yield* arena.readTracking.waitUntilUnread(block)
      const expected = count < sectorSize ? yield* loadOldSector(section, arena, premap) : ANY_ENTRY

      let wait = storeData(attachment, arena, lane, request, done, count)
      if (wait !== undefined) yield section.waitFor(wait)
      if ((wait = storeMetadata(attachment, arena, lane, request, done, count)) !== undefined)
        yield section.waitFor(wait)
      if ((wait = arena.persistBlock(block, sectorSize + metadataSize)) !== undefined)
        yield section.waitFor(wait)

      const mapLock = arena.mapLockOf(premap)
      if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
      let isInDoubt = false
      try {
        if ((wait = arena.loadEntry(lane, premap)) !== undefined) yield section.waitFor(wait)
        const entry = arena.loadedEntry(lane, premap)
        // Somebody else wrote this sector since its old content was read: begin again with theirs.
        if (expected !== ANY_ENTRY && entry !== expected) continue
        const old = arena.blockOf(entry, premap)
        arena.prepareFlogEntry(lane, premap, old, block)
        arena.assertWritable(premap)
        isInDoubt = true
        if ((wait = arena.storeFlogHalf(lane, 0)) !== undefined) yield section.waitFor(wait)
        if ((wait = arena.persistFlogHalf(lane, 0)) !== undefined) yield section.waitFor(wait)
        arena.assertWritable(premap)
        if ((wait = arena.storeFlogHalf(lane, 1)) !== undefined) yield section.waitFor(wait)
        if ((wait = arena.persistFlogHalf(lane, 1)) !== undefined) yield section.waitFor(wait)
        arena.assertWritable(premap)
        if ((wait = arena.storeNormalEntry(lane, premap, block)) !== undefined) yield section.waitFor(wait)
        if ((wait = arena.persistEntry(premap)) !== undefined) yield section.waitFor(wait)
        arena.assertWritable(premap)
        arena.advance(lane, old)
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
