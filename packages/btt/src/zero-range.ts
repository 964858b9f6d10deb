/**
 * Zeroing whole sectors: the map says zero, and the block stays with its sector. Nothing is logged and no block changes hands, so a crash leaves each
 * entry as it was or as it shall be.
 *
 * The entries of one map line change together, under their lock, in one store: entries are atomic each on its own, and a torn line is some
 * sectors zeroed and some not yet. They become durable together at the end. A write that comes between logs the sector's block, which is the
 * same before and after, so recovery understands either entry.
 */
import { InvariantError, type MaybeSleep, type Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, mapState, zeroEntry } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import { arenaOf, type Attachment } from './attachment.ts'
import { refuseIfItCouldWait } from './atomic-precheck.ts'
import { writeRange } from './write-range.ts'

/** Makes the loaded entries zero entries. False when all of them were. */
function zeroLoadedLine(
  attachment: Attachment,
  arena: Arena,
  lane: number,
  premap: number,
  end: number,
): boolean {
  const { view } = attachment.buffers
  let changed = false
  for (let at = attachment.buffers.mapLineAt(lane); premap < end; premap++, at += MAP_ENTRY_BYTES) {
    const entry = view.getUint32(at, true)
    if (mapState(entry) === 'zero') continue
    view.setUint32(at, zeroEntry(arena.blockOf(entry, premap)), true)
    changed = true
  }
  return changed
}

/** The part of a zeroed range that lies in one arena. */
function* zeroInArena(
  attachment: Attachment,
  arena: Arena,
  lane: number,
  first: number,
  end: number,
): Sleepable<void> {
  arena.assertWritable(first)
  let wait: MaybeSleep
  for (let premap = first, lineEnd = 0; premap < end; premap = lineEnd) {
    lineEnd = Math.min(end, arena.lineEnd(premap))
    const mapLock = arena.mapLockOf(premap)
    if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
    let isStoring = false
    try {
      arena.assertWritable(premap)
      if ((wait = arena.loadLine(lane, premap, lineEnd)) !== undefined) yield wait
      if (!zeroLoadedLine(attachment, arena, lane, premap, lineEnd)) continue
      isStoring = true
      if ((wait = arena.storeLine(lane, premap, lineEnd)) !== undefined) yield wait
      isStoring = false
    } catch (error) {
      // What failed is over, and left each entry as it was or zero.
      isStoring = false
      throw error
    } finally {
      // The line may still arrive, over what others do to it once the lock is free.
      if (isStoring) arena.enterErrorState(new InvariantError(arena.place(premap), 'zeroing was abandoned'))
      arena.mapLocks.release(mapLock)
    }
  }
  if ((wait = arena.persistEntries(first, end - first)) !== undefined) yield wait
  // A flush of somebody else that failed may have been the one that these entries needed.
  arena.assertWritable(first)
}

/** Makes whole sectors read as zeros, under one lane. */
function* zeroSectors(
  attachment: Attachment,
  firstLba: number,
  end: number,
  laneHint: number,
): Sleepable<void> {
  const { lanes } = attachment
  const lane = lanes.tryAcquire(laneHint) ?? (yield* lanes.acquire(laneHint))
  try {
    for (let lba = firstLba; lba < end;) {
      const arena = arenaOf(attachment, lba)
      const arenaEnd = Math.min(end, arena.firstLba + arena.sectorCount)
      yield* zeroInArena(attachment, arena, lane, lba - arena.firstLba, arenaEnd - arena.firstLba)
      lba = arenaEnd
    }
  } finally {
    lanes.release(lane)
  }
}

/** Zeroes a range of bytes: whole sectors by the map, what is left at either end by writing zeros over a part of its sector. */
export function* zeroRange(attachment: Attachment, offset: number, length: number): Sleepable<void> {
  const { sectorSize, gate } = attachment
  const end = offset + length
  const firstWhole = Math.min(Math.ceil(offset / sectorSize) * sectorSize, end)
  const endWhole = Math.max(Math.floor(end / sectorSize) * sectorSize, firstWhole)
  gate.enter('zeroing')
  try {
    refuseIfItCouldWait(attachment, offset, length)
    // One hint: where the first part got a lane without waiting, an operation that must not sleep gets one for the others.
    const laneHint = attachment.laneHint++
    if (offset < firstWhole)
      yield* writeRange(attachment, { offset, length: firstWhole - offset, partOfLaneHint: laneHint })
    if (firstWhole < endWhole)
      yield* zeroSectors(attachment, firstWhole / sectorSize, endWhole / sectorSize, laneHint)
    if (endWhole < end)
      yield* writeRange(attachment, { offset: endWhole, length: end - endWhole, partOfLaneHint: laneHint })
    attachment.counters.countZero()
  } finally {
    gate.leave()
  }
}
