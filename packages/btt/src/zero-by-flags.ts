/**
 * Zeroing whole sectors by flags: the map says zero, and the block stays with its sector. Nothing is logged and no block changes hands, so a crash leaves each
 * entry as it was or as it shall be.
 *
 * The entries of one map line change together, under their lock, in one store: entries are atomic each on its own, and a torn line is some
 * sectors zeroed and some not yet. Where readers on other threads look at entries without the lock, each is stored on its own: no store of a line is a single
 * access to them. All become durable together at the end. A write that comes between logs the sector's block, which is the
 * same before and after, so recovery understands either entry.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { mapState, zeroEntry } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import type { Attachment } from './attachment.ts'
import { LaneSection } from './lane-section.ts'
import { loadEntries } from './map-line.ts'
import { withoutSleepWhileHeld } from './no-sleep-while-held.ts'

/** Makes the loaded entries zero entries. Returns which were not, a bit each from the lowest on. */
function zeroLoadedLine(arena: Arena, lane: number, premap: number, end: number): number {
  let changed = 0
  for (let index = 0; premap + index < end; index++) {
    const entry = arena.entryOfLine(lane, index)
    if (mapState(entry) === 'zero') continue
    arena.setEntryOfLine(lane, index, zeroEntry(arena.blockOf(entry, premap + index)))
    changed |= 1 << index
  }
  return changed
}

/** Stores the changed entries of a line, each in a store of its own. */
function* storeOneByOne(
  section: LaneSection,
  arena: Arena,
  premap: number,
  changed: number,
): Sleepable<void> {
  for (let index = 0; changed >>> index !== 0; index++) {
    if (((changed >>> index) & 1) === 0) continue
    const wait = arena.storeEntryOfLine(section.lane, premap, index)
    if (wait !== undefined) yield section.waitFor(wait)
  }
}

/** The entries of one map line, under their lock. An operation that is ended during the store keeps the lock until the store is over. */
function* zeroLine(section: LaneSection, arena: Arena, premap: number, end: number): Sleepable<void> {
  const { attachment, lane } = section
  const mapLock = arena.mapLockOf(premap)
  if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
  try {
    arena.assertWritable(premap)
    yield* loadEntries(section, arena, lane, premap, end)
    const changed = zeroLoadedLine(arena, lane, premap, end)
    if (changed === 0) return
    if (attachment.isShared && !attachment.looksUpUnderLock)
      yield* storeOneByOne(section, arena, premap, changed)
    else {
      const wait = arena.storeLine(lane, premap, end)
      if (wait !== undefined) yield section.waitFor(wait)
    }
    arena.cacheStored(lane, premap, end)
  } finally {
    section.unlock(arena, mapLock)
  }
}

/** The part of a zeroed range that lies in one arena. */
function* zeroInArena(section: LaneSection, arena: Arena, first: number, end: number): Sleepable<void> {
  arena.assertWritable(first)
  for (let premap = first, lineEnd = 0; premap < end; premap = lineEnd) {
    lineEnd = Math.min(end, arena.lineEnd(premap))
    yield* zeroLine(section, arena, premap, lineEnd)
  }
  const wait = arena.persistEntries(section.lane, first, end - first)
  if (wait !== undefined) yield section.waitFor(wait)
  // A flush of somebody else that failed may have been the one that these entries needed.
  arena.assertWritable(first)
}

/** Makes whole sectors read as zeros, under one lane. */
export function zeroByFlags(
  attachment: Attachment,
  firstLba: number,
  end: number,
  laneHint: number,
): Sleepable<void> {
  const section = new LaneSection(attachment)
  return withoutSleepWhileHeld(section, zeroUnderLane(section, firstLba, end, laneHint))
}

function* zeroUnderLane(
  section: LaneSection,
  firstLba: number,
  end: number,
  laneHint: number,
): Sleepable<void> {
  try {
    if (!section.tryEnter(laneHint)) yield* section.enter(laneHint)
    for (let lba = firstLba; lba < end;) {
      const arena = section.arenaOf(lba)
      const arenaEnd = Math.min(end, arena.firstLba + arena.sectorCount)
      yield* zeroInArena(section, arena, lba - arena.firstLba, arenaEnd - arena.firstLba)
      lba = arenaEnd
    }
  } finally {
    section.leave()
  }
}
