/**
 * Entries of the map in memory, for storage where each load of one is a call: whole lines of 16 entries, which is what a map lock covers. It lies in words that all threads of the
 * device share, as sets of a few places for lines each; a line can only be in the set that its number gives.
 *
 * All lines of a set have the same map lock, because there are as many sets as map locks, or a multiple. So a set is changed by the holder of that lock alone, one at
 * a time, and needs no lock of its own. Readers hold nothing.
 *
 * Invariants:
 * - An entry that is found is the one on the storage, at some moment of the look: before an entry may change on the storage, its line is taken out (`suspend`), and it comes back with the new
 *   entry when the store has succeeded (`resume`). So who looks here sees what a load from the storage might have seen at that moment, and nothing else rests on it.
 * - A line comes in from a load of the storage under its map lock (`fill`), so no store comes between that load and the end of the filling.
 * - Before words of a place change, first its tag is another one, then the version of the set goes up. The tag of the new line comes last. A reader loads version,
 *   tag, entry and version again: where it has seen the tag of its line and the entry is not that line's, the version went up between the two, and it has found nothing.
 *   Only if a set changed 2^32 times between two accesses of a reader, the version would be the same again.
 * - A line whose store failed, was abandoned or died stays suspended. Nobody finds it. Every store is preceded by a load under the same hold of the lock (invariant 8 of
 *   write-range.ts), and who does not find the line then drops what is left of it (`read`). So `resume` meets only what its own hold has suspended.
 * - A thread that dies leaves its map lock to whoever recovers it (recover-dead-thread.ts), and every place with a tag that says the truth: another line's, none, or a suspended one. Who
 *   completes a write of the dead takes its line out first (`forget`).
 *
 * A line comes in where there is room, or where it is the second time in a row that it is missed in its set: a map that is used far and wide would else be brought in for nothing, which takes
 * longer than to load an entry. Which line makes room: the first one, from a place on that moves with each change, that nobody has used since all of its set had been (CLOCK, a hand for each set).
 */
import type { WordAtomics } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES } from '@bttkit/btt-format'
import { MAP_LINE_BYTES } from './lane-buffers.ts'

const ENTRIES_A_LINE = MAP_LINE_BYTES / MAP_ENTRY_BYTES

/** What is found of a line that is not there: no entry has this value, they have 32 bits without a sign. */
export const NOT_CACHED = -1

export interface MapCacheShape {
  readonly setCount: number
  /** Places for lines in a set. */
  readonly wayCount: number
}

export const NO_MAP_CACHE: MapCacheShape = Object.freeze({ setCount: 0, wayCount: 0 })

/** The words of a set: its version, who was used, the tag of the line that was missed last, the tags, the entries. */
const VERSION = 0
const USED = 1
const MISSED = 2
const TAGS = 3
const MOST_WAYS = 4

const setWords = (wayCount: number): number => TAGS + wayCount * (1 + ENTRIES_A_LINE)

export function mapCacheWords({ setCount, wayCount }: MapCacheShape): number {
  return setCount * setWords(wayCount)
}

/**
 * The cache of an arena: as large as its map needs and the limit allows. None where that is too little for a line of each map lock.
 *
 * @param sectorCount entries of the map
 * @param lockCount map locks
 * @param limitBytes the most memory
 */
export function mapCacheShape(sectorCount: number, lockCount: number, limitBytes: number): MapCacheShape {
  const lines = Math.ceil(sectorCount / ENTRIES_A_LINE)
  const limitWords = limitBytes / Int32Array.BYTES_PER_ELEMENT
  for (let wayCount = MOST_WAYS; wayCount > 0; wayCount--) {
    const roundsNeeded = Math.ceil(lines / (wayCount * lockCount))
    const roundsAllowed = Math.floor(limitWords / (setWords(wayCount) * lockCount))
    const rounds = Math.min(roundsNeeded, roundsAllowed)
    if (rounds > 0) return { setCount: rounds * lockCount, wayCount }
  }
  return NO_MAP_CACHE
}

/** No line. The tag of a line is its number and one; that of a suspended one is the same below zero. */
const NO_LINE = 0

export class MapCache {
  private readonly words: Int32Array
  private readonly atomics: WordAtomics
  private readonly setCount: number
  private readonly wayCount: number
  private readonly setWords: number

  /** @param words `mapCacheWords` of them, 0 when new */
  constructor(words: Int32Array, { setCount, wayCount }: MapCacheShape, atomics: WordAtomics) {
    this.words = words
    this.atomics = atomics
    this.setCount = setCount
    this.wayCount = wayCount
    this.setWords = setWords(wayCount)
  }

  /** The entry of a sector, or `NOT_CACHED`. Needs no lock. */
  find(premap: number): number {
    const { atomics, words } = this
    const line = Math.floor(premap / ENTRIES_A_LINE)
    const set = this.setOf(line)
    const version = atomics.load(words, set + VERSION)
    const way = this.wayOf(set, line + 1)
    if (way < 0) return NOT_CACHED
    const entry = atomics.load(words, this.entriesAt(set, way) + (premap % ENTRIES_A_LINE))
    if (atomics.load(words, set + VERSION) !== version) return NOT_CACHED
    this.use(set, way)
    return entry >>> 0
  }

  /** Whether a line that is not here is worth being brought in. Needs no lock; what comes of it does not matter to what is found. */
  admits(premap: number): boolean {
    const { atomics, words, wayCount } = this
    const line = Math.floor(premap / ENTRIES_A_LINE)
    const set = this.setOf(line)
    for (let way = 0; way < wayCount; way++) if (atomics.load(words, set + TAGS + way) <= NO_LINE) return true
    if (atomics.load(words, set + MISSED) === line + 1) return true
    atomics.store(words, set + MISSED, line + 1)
    return false
  }

  // The rest is for the holder of the line's map lock.

  /** Copies the entries from `premap` up to `end`, all of one line, into `view` at byte `at`. Returns whether they are here; if not, nothing of the line is. */
  read(premap: number, end: number, view: DataView, at: number): boolean {
    const line = Math.floor(premap / ENTRIES_A_LINE)
    const set = this.setOf(line)
    const way = this.wayOf(set, line + 1)
    if (way < 0) {
      this.forget(premap)
      return false
    }
    const from = this.entriesAt(set, way) + (premap % ENTRIES_A_LINE)
    for (let index = 0; premap + index < end; index++)
      view.setInt32(at + index * MAP_ENTRY_BYTES, this.atomics.load(this.words, from + index), true)
    this.use(set, way)
    return true
  }

  /** Takes in a line, from its entry `premap` up to `end`, out of `view` at byte `at`: as it is on the storage, and not here. */
  fill(premap: number, end: number, view: DataView, at: number): void {
    const line = Math.floor(premap / ENTRIES_A_LINE)
    const set = this.setOf(line)
    const way = this.makeRoom(set)
    this.takeOut(set, way, NO_LINE)
    this.put(set, way, premap, end, view, at)
    this.atomics.store(this.words, set + TAGS + way, line + 1)
  }

  /** Takes the line of an entry out, as long as entries of it change on the storage. */
  suspend(premap: number): void {
    const line = Math.floor(premap / ENTRIES_A_LINE)
    const set = this.setOf(line)
    const way = this.wayOf(set, line + 1)
    if (way >= 0) this.takeOut(set, way, -line - 1)
  }

  /** The entries from `premap` up to `end` are on the storage as they are in `view` at byte `at`; the line is here again, if it was. */
  resume(premap: number, end: number, view: DataView, at: number): void {
    const line = Math.floor(premap / ENTRIES_A_LINE)
    const set = this.setOf(line)
    const way = this.wayOf(set, -line - 1)
    if (way < 0) return
    this.put(set, way, premap, end, view, at)
    this.atomics.store(this.words, set + TAGS + way, line + 1)
  }

  /** Drops the line of an entry, whatever is here of it. */
  forget(premap: number): void {
    const line = Math.floor(premap / ENTRIES_A_LINE)
    const set = this.setOf(line)
    for (const tag of [line + 1, -line - 1]) {
      const way = this.wayOf(set, tag)
      if (way >= 0) this.takeOut(set, way, NO_LINE)
    }
  }

  private setOf(line: number): number {
    return (line % this.setCount) * this.setWords
  }

  private entriesAt(set: number, way: number): number {
    return set + TAGS + this.wayCount + way * ENTRIES_A_LINE
  }

  private wayOf(set: number, tag: number): number {
    const { atomics, words, wayCount } = this
    for (let way = 0; way < wayCount; way++) if (atomics.load(words, set + TAGS + way) === tag) return way
    return -1
  }

  /** The line at a place is found no more, and its words may change afterwards. */
  private takeOut(set: number, way: number, tag: number): void {
    this.atomics.store(this.words, set + TAGS + way, tag)
    this.atomics.add(this.words, set + VERSION, 1)
  }

  private put(set: number, way: number, premap: number, end: number, view: DataView, at: number): void {
    const to = this.entriesAt(set, way) + (premap % ENTRIES_A_LINE)
    for (let index = 0; premap + index < end; index++)
      this.atomics.store(this.words, to + index, view.getInt32(at + index * MAP_ENTRY_BYTES, true))
  }

  private use(set: number, way: number): void {
    const { atomics, words } = this
    if ((atomics.load(words, set + USED) & (1 << way)) === 0) atomics.or(words, set + USED, 1 << way)
  }

  /** The place for another line. Which it is does not matter to what is found. */
  private makeRoom(set: number): number {
    const { atomics, words, wayCount } = this
    const used = atomics.load(words, set + USED)
    const hand = (atomics.load(words, set + VERSION) >>> 0) % wayCount
    let unused = -1
    for (let step = 0; step < wayCount; step++) {
      const way = (hand + step) % wayCount
      if (atomics.load(words, set + TAGS + way) <= NO_LINE) return way
      if (unused < 0 && (used & (1 << way)) === 0) unused = way
    }
    if (unused >= 0) return unused
    atomics.store(words, set + USED, 0)
    return hand
  }
}
