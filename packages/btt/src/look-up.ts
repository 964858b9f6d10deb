/**
 * Looking up the map for a block to read, and putting it into the read tracking so that no writer takes it over (invariant 5 of write-range.ts).
 *
 * A writer changes the map entry before it may get the block as a free one, and looks at the read tracking before it writes a free block. So it is enough
 * that after the block was put there the map still named it: whoever lets go of it later finds the reader.
 *
 * - Without the lock, the entry is loaded again after that. `enter` is a full fence between the two.
 * - Under the map lock nobody changes the entry, so it is still the same when the block has been put there, and one load is enough. This is for devices on which
 *   a load could see half of an entry that another thread stores. It adds no cycle to the waits: the lock is awaited before the read tracking is entered, and
 *   who holds it waits for higher ones and for storage only (invariant 7).
 * - In the cache of the map, as without the lock: what is found there is what a load would have found, and never half of an entry (map-cache.ts). Where it is not there, the
 *   sector is looked up in one of the two other ways.
 */
import { SectorErrorError, type MaybeSleep, type Sleepable } from '@bttkit/interfaces'
import { mapState } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import type { Attachment } from './attachment.ts'
import type { LaneSection } from './lane-section.ts'
import { loadEntries } from './map-line.ts'

/** What an entry means to a reader: the block to read, or `undefined` for zeros. */
export function readableBlock(
  attachment: Attachment,
  arena: Arena,
  premap: number,
  entry: number,
): number | undefined {
  switch (mapState(entry)) {
    case 'normal':
      return arena.blockOf(entry, premap)
    case 'initial':
      return attachment.initialSectors === 'identity' ? arena.blockOf(entry, premap) : undefined
    case 'zero':
      return undefined
    case 'error':
      throw new SectorErrorError(
        arena.place(premap),
        'the content of this sector is lost (the map marks it as an error); writing it makes it good',
      )
  }
}

/** No entry has this value: they have 32 bits, without a sign. */
const NO_ENTRY = -1

/** One operation's look-ups, one sector after the other. */
export class LookUp {
  /** What was found: the block to read, which is in the read tracking under the section's lane; or `undefined` for zeros, and nothing is in it. */
  block: number | undefined
  private isLoaded = false
  /** The entry by which the block in the read tracking was found. */
  private seen = NO_ENTRY

  /**
   * Looks up a sector without the map lock, as far as that takes no waiting. Returns what to yield before the next call, or `undefined` when it has
   * found what the sector is; the entry is in the lane's buffer (`arena.loadedEntry`). A generator for this would cost a tenth of a read from memory.
   */
  goOn(section: LaneSection, arena: Arena, premap: number): MaybeSleep {
    const { attachment, lane } = section
    for (;;) {
      if (!this.isLoaded) {
        this.isLoaded = true
        const wait = arena.loadEntry(lane, premap)
        if (wait !== undefined) return section.waitFor(wait)
      }
      this.isLoaded = false
      const entry = arena.loadedEntry(lane, premap)
      if (entry === this.seen) return this.finish()
      if (this.seen !== NO_ENTRY) arena.readTracking.leave(lane)
      this.block = readableBlock(attachment, arena, premap, entry)
      if (this.block === undefined) return this.finish()
      this.seen = entry
      const wait = arena.readTracking.enter(lane, this.block)
      if (wait !== undefined) return wait
    }
  }

  /** As all calls of `goOn` together, under the map lock. */
  *underLock(section: LaneSection, arena: Arena, premap: number): Sleepable<void> {
    const mapLock = arena.mapLockOf(premap)
    if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
    yield* this.underTakenLock(section, arena, premap, mapLock)
  }

  /** As all calls of `goOn` together, where the map is cached. */
  *inCachedMap(section: LaneSection, arena: Arena, premap: number): Sleepable<void> {
    const { attachment, lane } = section
    let seen = NO_ENTRY
    while (arena.findCached(lane, premap)) {
      const entry = arena.loadedEntry(lane, premap)
      if (entry === seen) return
      if (seen !== NO_ENTRY) arena.readTracking.leave(lane)
      this.block = readableBlock(attachment, arena, premap, entry)
      if (this.block === undefined) return
      seen = entry
      const wait = arena.readTracking.enter(lane, this.block)
      if (wait !== undefined) yield wait
    }
    if (seen !== NO_ENTRY) arena.readTracking.leave(lane)
    yield* this.besideCache(section, arena, premap)
  }

  /** Looks up a sector whose line is not in the cache. One that is worth it comes in under the lock, for which nobody waits here who can look without it. */
  private *besideCache(section: LaneSection, arena: Arena, premap: number): Sleepable<void> {
    if (section.attachment.looksUpUnderLock) return yield* this.underLock(section, arena, premap)
    const mapLock = arena.mapLockOf(premap)
    if (arena.admitsToCache(premap) && arena.mapLocks.tryAcquire(mapLock))
      return yield* this.underTakenLock(section, arena, premap, mapLock)
    let wait
    while ((wait = this.goOn(section, arena, premap)) !== undefined) yield wait
  }

  /** Looks up a sector under its map lock, and gives that back. */
  private *underTakenLock(
    section: LaneSection,
    arena: Arena,
    premap: number,
    mapLock: number,
  ): Sleepable<void> {
    const { attachment, lane } = section
    try {
      yield* loadEntries(section, arena, lane, premap, premap + 1)
      this.block = readableBlock(attachment, arena, premap, arena.loadedEntry(lane, premap))
      if (this.block === undefined) return
      const wait = arena.readTracking.enter(lane, this.block)
      if (wait !== undefined) yield wait
    } finally {
      section.unlock(arena, mapLock)
    }
  }

  private finish(): undefined {
    this.seen = NO_ENTRY
  }
}
