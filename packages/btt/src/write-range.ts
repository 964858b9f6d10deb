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
 * A flush that fails, whoever asked for it, leaves open what is durable of everything that was stored. So no arena takes writes after it (storage.ts
 * keeps that), and each step that builds on a flush asks first whether one has failed meanwhile.
 */
import { InvariantError, type MaybeSleep, type Sleepable } from '@bttkit/interfaces'
import { refuseIfItCouldWait } from './atomic-precheck.ts'
import type { Arena } from './arena.ts'
import { arenaOf, type Attachment } from './attachment.ts'
import { readableBlock } from './read-range.ts'

/** Bytes to write: `source`, or `length` zeros where it is absent. `metadata` is for whole sectors only. */
export interface WriteRequest {
  readonly offset: number
  readonly length: number
  readonly source?: Uint8Array | undefined
  readonly metadata?: Uint8Array | undefined
  /** Where to look for a lane, given by the operation that this write is a part of; that one is in the gate already. */
  readonly partOfLaneHint?: number | undefined
}

// How far a write is, for the case that it ends there.
/** Nothing of it is under way. */
const SETTLED = 0
/** A failure changes nothing; but when it is abandoned, the store may still arrive, in a block that is another write's by then. */
const STORING = 1
/** The media may say one thing or another (invariant 12). */
const IN_DOUBT = 2

/**
 * Reads the sector of which a part is to be written into the lane's buffer and leaves its block in the read tracking, so that it is still this content
 * when the entry is found unchanged. Returns the entry.
 */
function* loadOldSector(
  attachment: Attachment,
  arena: Arena,
  lane: number,
  premap: number,
): Sleepable<number> {
  const { buffers, sectorSize, metadataSize } = attachment
  const sector = buffers.sector(lane)
  for (;;) {
    let wait = arena.loadEntry(lane, premap)
    if (wait !== undefined) yield wait
    const entry = arena.loadedEntry(lane, premap)
    const block = readableBlock(attachment, arena, premap, entry)
    if (block === undefined) {
      sector.fill(0)
      return entry
    }
    arena.readTracking.enter(lane, block)
    wait = arena.loadEntry(lane, premap)
    if (wait !== undefined) yield wait
    if (arena.loadedEntry(lane, premap) === entry) {
      wait = arena.readBlock(block, 0, sector, 0, sectorSize + metadataSize)
      if (wait !== undefined) yield wait
      return entry
    }
    arena.readTracking.leave(lane)
  }
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

/** Starts to store the metadata of a whole sector behind it. */
function storeMetadata(
  attachment: Attachment,
  arena: Arena,
  lane: number,
  request: WriteRequest,
  done: number,
): MaybeSleep {
  const { sectorSize, metadataSize, noMetadata } = attachment
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
export function* writeRange(attachment: Attachment, request: WriteRequest): Sleepable<void> {
  const { lanes, gate, sectorSize, metadataSize } = attachment
  const { offset, length } = request
  if (length === 0) return
  if (request.partOfLaneHint === undefined) gate.enter('writing')
  let lane: number | undefined
  let arena: Arena | undefined
  let stage = SETTLED
  try {
    refuseIfItCouldWait(attachment, offset, length)
    const hint = request.partOfLaneHint ?? attachment.laneHint++
    lane = lanes.tryAcquire(hint) ?? (yield* lanes.acquire(hint))
    for (let done = 0; done < length;) {
      const lba = Math.floor((offset + done) / sectorSize)
      const count = Math.min(sectorSize - ((offset + done) % sectorSize), length - done)
      arena = arenaOf(attachment, lba)
      const premap = lba - arena.firstLba
      arena.assertWritable(premap)
      const block = arena.freeBlock(lane)
      if (arena.readTracking.isRead(block)) yield* arena.readTracking.waitUntilUnread(block)
      const expected = count < sectorSize ? yield* loadOldSector(attachment, arena, lane, premap) : ANY_ENTRY

      stage = STORING
      let wait = storeData(attachment, arena, lane, request, done, count)
      if (wait !== undefined) yield wait
      if (metadataSize > 0 && count === sectorSize)
        if ((wait = storeMetadata(attachment, arena, lane, request, done)) !== undefined) yield wait
      if ((wait = arena.persistBlock(block, sectorSize + metadataSize)) !== undefined) yield wait
      stage = SETTLED

      const mapLock = arena.mapLockOf(premap)
      if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
      try {
        if ((wait = arena.loadEntry(lane, premap)) !== undefined) yield wait
        const entry = arena.loadedEntry(lane, premap)
        // Somebody else wrote this sector since its old content was read: begin again with theirs.
        if (expected !== ANY_ENTRY && entry !== expected) continue
        const old = arena.blockOf(entry, premap)
        arena.prepareFlogEntry(lane, premap, old, block)
        arena.assertWritable(premap)
        stage = IN_DOUBT
        if ((wait = arena.storeFlogHalf(lane, 0)) !== undefined) yield wait
        if ((wait = arena.persistFlogHalf(lane, 0)) !== undefined) yield wait
        arena.assertWritable(premap)
        if ((wait = arena.storeFlogHalf(lane, 1)) !== undefined) yield wait
        if ((wait = arena.persistFlogHalf(lane, 1)) !== undefined) yield wait
        arena.assertWritable(premap)
        if ((wait = arena.storeNormalEntry(lane, premap, block)) !== undefined) yield wait
        if ((wait = arena.persistEntry(premap)) !== undefined) yield wait
        arena.assertWritable(premap)
        arena.advance(lane, old)
        stage = SETTLED
        done += count
      } finally {
        if (stage === IN_DOUBT) arena.enterErrorState()
        arena.readTracking.leave(lane)
        arena.mapLocks.release(mapLock)
      }
    }
    attachment.counters.countWrite(length)
  } catch (error) {
    if (stage === IN_DOUBT) arena?.enterErrorState(error)
    stage = SETTLED
    throw error
  } finally {
    if (stage !== SETTLED) arena?.enterErrorState(new InvariantError({}, 'a write was abandoned half-way'))
    if (lane !== undefined) {
      arena?.readTracking.leave(lane)
      lanes.release(lane)
    }
    if (request.partOfLaneHint === undefined) gate.leave()
  }
}
