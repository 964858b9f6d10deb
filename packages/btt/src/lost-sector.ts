/**
 * A read that the medium cannot serve: the caller gets EIO, and the map is told that the sector's content is lost (its entry becomes an error).
 *
 * Invariants:
 * - The entry changes only under its map lock, and only while it is the very entry by which the block was found (invariant 8 of write-range.ts). A writer
 *   that published meanwhile is not undone: to store the old block again would leave it mapped and free, and the new one lost.
 * - The block is read once more under the lock, which keeps it mapped and as it is. What passes must not cost a sector.
 * - The read tracking is left before the lock is awaited, because who waits for readers may hold
 *   a lane (invariant 7). So the order stays lane, map lock.
 * - The entry goes on naming the same block. So it does not matter to recovery whether it was stored, and nothing is in doubt when that fails.
 */
import {
  SectorErrorError,
  isBttkitError,
  type BadBlockError,
  type BttkitError,
  type Sleepable,
} from '@bttkit/interfaces'
import { errorEntry } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import type { LaneSection } from './lane-section.ts'
import { loadEntries } from './map-line.ts'

/** A sector is read so often if each time somebody writes it, or the medium serves the second read and not the first. */
const MOST_READS = 8

/** Whether the storage says that it has lost what was read; also one that brought its own copy of our classes. */
export function isBadBlockError(error: unknown): error is BttkitError {
  return isBttkitError(error) && error.code === ('BTT_BAD_BLOCK' satisfies BadBlockError['code'])
}

function* canBeRead(section: LaneSection, arena: Arena, block: number): Sleepable<boolean> {
  const { attachment, lane } = section
  const sector = attachment.buffers.sector(lane)
  try {
    const wait = arena.readBlock(lane, block, 0, sector, 0, sector.length)
    if (wait !== undefined) yield section.waitFor(wait)
    return true
  } catch (error) {
    if (!isBadBlockError(error)) throw error
    return false
  }
}

/** Makes the entry an error, durably. The caller holds the map lock, and reports the loss whatever becomes of the entry. */
function* storeError(section: LaneSection, arena: Arena, premap: number, block: number): Sleepable<void> {
  try {
    let wait = arena.storeEntry(section.lane, premap, errorEntry(block))
    if (wait !== undefined) yield section.waitFor(wait)
    arena.cacheStored(section.lane, premap, premap + 1)
    wait = arena.persistEntries(section.lane, premap)
    if (wait !== undefined) yield section.waitFor(wait)
  } catch (error) {
    // A driver that refuses to wait. Everything else comes from the storage; of a failed flush it has told all arenas itself.
    if (section.hasCallUnderWay) throw error
  }
}

/**
 * What to do when the read of a sector's block has failed. The section holds the lane, has the block in the read tracking, and in the lane's buffer the entry by which
 * it was found. Returns when the sector is to be looked up and read again.
 *
 * @param reads how often the sector has been read
 * @throws {SectorErrorError} with the loss as its cause; whatever else the read has failed with
 */
export function* confirmLoss(
  section: LaneSection,
  arena: Arena,
  premap: number,
  reads: number,
  error: unknown,
): Sleepable<void> {
  if (!isBadBlockError(error)) throw error
  const { attachment, lane } = section
  const lost = new SectorErrorError(
    arena.place(premap),
    'the medium has lost content of this sector; writing the whole sector makes it good',
    { cause: error },
  )
  const entry = arena.loadedEntry(lane, premap)
  arena.readTracking.leave(lane)
  if (attachment.readOnly || !arena.takesWrites || reads >= MOST_READS) throw lost
  const mapLock = arena.mapLockOf(premap)
  if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
  try {
    yield* loadEntries(section, arena, lane, premap, premap + 1)
    if (arena.loadedEntry(lane, premap) !== entry) return
    const block = arena.blockOf(entry, premap)
    if (yield* canBeRead(section, arena, block)) return
    if (arena.takesWrites) yield* storeError(section, arena, premap, block)
    throw lost
  } finally {
    section.unlock(arena, mapLock)
  }
}
