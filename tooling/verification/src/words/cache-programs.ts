/**
 * The cache of the map, as small as it gets: one place for a line, and two lines of one entry each. The words: the map lock, the two entries on the storage, and the cache.
 */
import { MapCache, NOT_CACHED, mapCacheWords } from '@bttkit/btt'
import { SharedLocks } from '@bttkit/region-lanes'
import type { ThreadBody, WordProgram, WordPrograms } from '@bttkit/checker-lanes'
import type { WordAtomics } from '@bttkit/interfaces'
import { runBlocking } from '@bttkit/sleepable'
import { ROUND_MS, place } from './thread-steps.ts'

const SHAPE = { setCount: 1, wayCount: 1 }
const STORAGE = 1
const CACHE = 3
const ENTRIES_A_LINE = 16

type Line = 0 | 1
/** What the entries of a line are at first; a store adds one. So each entry tells its line. */
const FIRST: readonly number[] = [100, 200]
const firstOf = (line: Line): number => FIRST[line] ?? 0

/** A thread's view of the words. */
class CachedMap {
  readonly cache: MapCache
  private readonly words: Int32Array
  private readonly atomics: WordAtomics
  private readonly locks: SharedLocks
  private readonly view = new DataView(new ArrayBuffer(4))

  constructor(words: Int32Array, atomics: WordAtomics, thread: number) {
    this.words = words
    this.atomics = atomics
    this.cache = new MapCache(words.subarray(CACHE), SHAPE, atomics)
    this.locks = new SharedLocks(words.subarray(0, 1), 'map-lock', place(thread), ROUND_MS, atomics)
  }

  /** As readers do without a lock. */
  look(line: Line): number {
    const entry = this.cache.find(line * ENTRIES_A_LINE)
    return entry === NOT_CACHED ? this.load(line) : entry
  }

  /** Brings a line in, unless it is there; and stores its entry, as often as is said. */
  change(line: Line, stores: number): void {
    runBlocking(this.locks.acquire(0))
    const premap = line * ENTRIES_A_LINE
    const { cache, view } = this
    if (!cache.read(premap, premap + 1, view, 0)) {
      view.setUint32(0, this.load(line), true)
      cache.fill(premap, premap + 1, view, 0)
    }
    for (let store = 0; store < stores; store++) {
      view.setUint32(0, view.getUint32(0, true) + 1, true)
      cache.suspend(premap)
      this.atomics.store(this.words, STORAGE + line, view.getUint32(0, true) - firstOf(line))
      cache.resume(premap, premap + 1, view, 0)
    }
    this.locks.release(0)
  }

  private load(line: Line): number {
    return firstOf(line) + this.atomics.load(this.words, STORAGE + line)
  }
}

/** Looks at a line again and again: it never becomes older, and is never another one. */
const reader =
  (thread: number, line: Line, looks: number, most: number): ThreadBody =>
  (words, atomics) => {
    const map = new CachedMap(words, atomics, thread)
    let last = firstOf(line)
    for (let look = 0; look < looks; look++) {
      const entry = map.look(line)
      if (entry < last || entry > firstOf(line) + most)
        throw new Error(`an entry of line ${line} was ${last}, and then ${entry}`)
      last = entry
    }
  }

/** Changes lines, one after the other. */
const holder =
  (thread: number, changes: readonly (readonly [line: Line, stores: number])[]): ThreadBody =>
  (words, atomics) => {
    const map = new CachedMap(words, atomics, thread)
    for (const [line, stores] of changes) map.change(line, stores)
  }

/** @param stores how often the entry of line 0 is stored */
function cacheProgram(threads: readonly ThreadBody[], stores: number): WordProgram {
  return {
    wordCount: CACHE + mapCacheWords(SHAPE),
    threads,
    check: (words) => {
      const [lock, stored] = words
      if (lock !== 0) return 'the map lock is held in the end'
      return stored === stores ? undefined : `line 0 was stored ${stored} times, and not ${stores}`
    },
  }
}

export const CACHE_PROGRAMS: WordPrograms = {
  'a cached entry, a writer and a reader': cacheProgram([holder(1, [[0, 1]]), reader(2, 0, 2, 1)], 1),
  'a cached entry that makes room, and a reader': cacheProgram(
    [
      holder(1, [
        [0, 0],
        [1, 0],
      ]),
      reader(2, 0, 1, 0),
    ],
    0,
  ),
  'a cached entry that makes room and comes back, and a reader': cacheProgram(
    [
      holder(1, [
        [0, 0],
        [1, 0],
        [0, 1],
      ]),
      reader(2, 0, 2, 1),
    ],
    1,
  ),
  'two cached entries in one place, two writers and a reader': cacheProgram(
    [holder(1, [[0, 1]]), holder(2, [[1, 1]]), reader(3, 0, 2, 1)],
    1,
  ),
}
