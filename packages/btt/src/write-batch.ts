/**
 * Group commit: sectors of one request, each in a lane of its own, share the flushes of every stage. The order of steps is that of one sector (write-range.ts), each for
 * all before the next for any: data, flog half 0, flog half 1, map, free lists.
 *
 * Invariants, beside those of write-range.ts:
 * - A batch is of neighbouring sectors of one arena, so no two of its writes are of one sector.
 * - Its lanes are the one that the operation has, and others that were idle. It waits for none, and has given the others back when the operation goes on to its next batch.
 * - It asks anew whether the arena takes writes when it has them, before anything is stored: whoever had one of them may have failed half-way, and its free block may be mapped.
 * - The waits for readers of its free blocks end before it is in the read tracking itself, or has a map lock. Nobody begins to read these blocks later, because no map
 *   entry names them.
 * - Its map locks are taken in ascending order, each once, and kept until all its entries are durable. Who is in the read tracking may wait for a map lock, and who has one for a
 *   higher one or for storage; so these waits have no cycle.
 * - Its flog entries become durable together, and so do its map entries: at a crash any of them are there. Each is what a write of that sector alone leaves, in a lane of its
 *   own, and recovered as such.
 * - A partial sector whose entry has changed since its old content was read sends the batch back to the first stage, for that sector only. By then nothing is published.
 * - Its sectors are in doubt together: whatever fails or is abandoned between the first flog store and the durable map entries puts the arena into the error state, and no
 *   free list advances.
 */
import { InvariantError, type CallStage, type Sleepable } from '@bttkit/interfaces'
import { errorEntry, mapState, normalEntry } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import { storeBatchData, type SourcedRequest } from './batch-data.ts'
import { ANY_ENTRY, gatherBatch, type Batch, type BatchStart, type BatchSector } from './batch-sector.ts'
import type { LaneSection } from './lane-section.ts'
import { LineRanges } from './line-ranges.ts'
import { loadEntries } from './map-line.ts'
import type { WriteRequest } from './write-range.ts'

/** The sectors of a batch whose entries share a map line. The line is in the buffer of the first one's lane. */
interface BatchLine {
  readonly lane: number
  readonly premap: number
  readonly sectors: BatchSector[]
}

function linesOf(arena: Arena, batch: readonly BatchSector[]): BatchLine[] {
  const lines: BatchLine[] = []
  let end = 0
  for (const sector of batch) {
    const { lane, premap } = sector
    if (premap >= end) {
      lines.push({ lane, premap, sectors: [] })
      end = arena.lineEnd(premap)
    }
    lines.at(-1)?.sectors.push(sector)
  }
  return lines
}

/** The map locks of the lines, in the order in which they are taken. */
function mapLocksOf(arena: Arena, lines: readonly BatchLine[]): number[] {
  const locks = new Set(lines.map(({ premap }) => arena.mapLockOf(premap)))
  return [...locks].toSorted((a, b) => a - b)
}

/** Loads the entries, and keeps what each sector gives up. Returns whether they are as its partial sectors have been found. */
function* loadOldEntries(
  section: LaneSection,
  arena: Arena,
  lines: readonly BatchLine[],
): Sleepable<boolean> {
  let isUnchanged = true
  for (const { lane, premap, sectors } of lines) {
    yield* loadEntries(section, arena, lane, premap, premap + sectors.length)
    for (const sector of sectors) {
      const entry = arena.entryOfLine(lane, sector.premap - premap)
      if (sector.expected !== ANY_ENTRY && entry !== sector.expected) {
        arena.readTracking.leave(sector.lane)
        sector.isStored = false
        isUnchanged = false
      }
      sector.old = arena.blockOf(entry, sector.premap)
      sector.isBad = mapState(entry) === 'error'
    }
  }
  return isUnchanged
}

/** Stores halves of the flog entries, and makes them durable together. */
function* storeHalves(
  section: LaneSection,
  { flog }: Arena,
  batch: Batch,
  halves: readonly (0 | 1)[],
  stage: CallStage,
): Sleepable<void> {
  const ranges = new LineRanges()
  for (const { lane } of batch)
    for (const half of halves) {
      const wait = flog.storeHalf(lane, half)
      if (wait !== undefined) yield section.waitFor(wait)
      flog.addHalfTo(ranges, lane, half)
    }
  const wait = section.attachment.storage.persistMany(ranges.list, stage)
  if (wait !== undefined) yield section.waitFor(wait)
}

const BOTH = [0, 1] as const

/** Each half 0 is durable before its half 1, and all of them in the end (invariant 6 of write-range.ts). */
function* storeFlogEntries(section: LaneSection, arena: Arena, batch: Batch): Sleepable<void> {
  if (arena.flog.mergesHalves) return yield* storeHalves(section, arena, batch, BOTH, 'flog')
  yield* storeHalves(section, arena, batch, [0], 'flog half 0')
  arena.assertWritable(batch[0].premap)
  yield* storeHalves(section, arena, batch, [1], 'flog half 1')
}

/** Stores the new entries of a line: together, or each on its own where readers on other threads look at them without the lock. */
function* storeLine(
  section: LaneSection,
  arena: Arena,
  { lane, premap, sectors }: BatchLine,
): Sleepable<void> {
  const { isShared, looksUpUnderLock } = section.attachment
  for (const sector of sectors) arena.setEntryOfLine(lane, sector.premap - premap, normalEntry(sector.block))
  if (isShared && !looksUpUnderLock) {
    for (const sector of sectors) {
      const wait = arena.storeEntryOfLine(lane, premap, sector.premap - premap)
      if (wait !== undefined) yield section.waitFor(wait)
    }
  } else {
    const wait = arena.storeLine(lane, premap, premap + sectors.length)
    if (wait !== undefined) yield section.waitFor(wait)
  }
  arena.cacheStored(lane, premap, premap + sectors.length)
}

/** From the first flog store to the free lists, under all map locks, with entries that were loaded under them. */
function* publish(
  section: LaneSection,
  arena: Arena,
  batch: Batch,
  lines: readonly BatchLine[],
): Sleepable<void> {
  const [{ premap, lane: firstLane }] = batch
  for (const { lane, premap: lba, block, old, isBad } of batch)
    arena.flog.prepareEntry(lane, lba, isBad ? errorEntry(old) : old, block)
  arena.assertWritable(premap)
  let isInDoubt = true
  try {
    yield* storeFlogEntries(section, arena, batch)
    arena.assertWritable(premap)
    for (const line of lines) yield* storeLine(section, arena, line)
    const wait = arena.persistEntries(firstLane, premap, batch.length)
    if (wait !== undefined) yield section.waitFor(wait)
    arena.assertWritable(premap)
    for (const { lane, old, isBad } of batch) arena.flog.advance(lane, old, isBad)
    isInDoubt = false
  } catch (error) {
    arena.enterErrorState(error)
    isInDoubt = false
    throw error
  } finally {
    if (isInDoubt) arena.enterErrorState(new InvariantError({}, 'a batch was abandoned half-way'))
  }
}

/** Publishes the batch under its map locks, unless a partial sector has changed. Returns whether it is published. */
function* publishUnlessChanged(section: LaneSection, arena: Arena, batch: Batch): Sleepable<boolean> {
  const lines = linesOf(arena, batch)
  const taken: number[] = []
  try {
    for (const lock of mapLocksOf(arena, lines)) {
      if (!arena.mapLocks.tryAcquire(lock)) yield* arena.mapLocks.acquire(lock)
      taken.push(lock)
    }
    if (!(yield* loadOldEntries(section, arena, lines))) return false
    yield* publish(section, arena, batch, lines)
    return true
  } finally {
    for (const lock of taken) section.unlock(arena, lock)
  }
}

function* writeSectors(
  section: LaneSection,
  arena: Arena,
  request: SourcedRequest,
  batch: Batch,
): Sleepable<void> {
  const [{ premap }, ...others] = batch
  try {
    arena.assertWritable(premap)
    if (arena.readTracking.anyRead()) {
      for (const { block } of others)
        if (arena.readTracking.isRead(block)) yield* arena.readTracking.waitUntilUnread(block)
    }
    do yield* storeBatchData(section, arena, request, batch)
    while (!(yield* publishUnlessChanged(section, arena, batch)))
  } finally {
    for (const { lane } of batch) arena.readTracking.leave(lane)
    section.leaveBeside()
  }
}

const hasSource = (request: WriteRequest): request is SourcedRequest => request.source !== undefined

/**
 * Writes the next sectors of a request together, durably: as many as there are idle lanes for. The section's lane has a free block that is fit to be written. Returns how many
 * bytes were written; 0 where it would be one sector only, or zeros.
 */
export function* writeBatch(
  section: LaneSection,
  arena: Arena,
  request: WriteRequest,
  start: BatchStart,
): Sleepable<number> {
  if (!hasSource(request)) return 0
  const batch = gatherBatch(section, arena, request.length, start)
  if (batch === undefined) return 0
  yield* writeSectors(section, arena, request, batch)
  return batch.reduce((bytes, { count }) => bytes + count, 0)
}
