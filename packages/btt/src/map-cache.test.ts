/** The cache of the map by itself: what is found, for how long, and what a thread leaves that dies in the midst of a change. */
import { expect, test } from 'vitest'
import type { WordAtomics } from '@bttkit/interfaces'
import { NATIVE_ATOMICS } from '@bttkit/region-lanes'
import { MapCache, NOT_CACHED, mapCacheShape, mapCacheWords } from './map-cache.ts'

const SHAPE = { setCount: 1, wayCount: 2 }
const LINE = 16

/** Three lines of the map on the storage, and a cache that has room for two of them. */
class CachedMap {
  readonly stored = Uint32Array.from({ length: 3 * LINE }, (_, premap) => 0xc000_0000 + premap)
  readonly words = new Int32Array(new SharedArrayBuffer(4 * mapCacheWords(SHAPE)))
  private readonly view = new DataView(new ArrayBuffer(64))

  cache(atomics: WordAtomics = NATIVE_ATOMICS): MapCache {
    return new MapCache(this.words, SHAPE, atomics)
  }

  load(line: number, cache = this.cache()): void {
    const start = line * LINE
    if (cache.read(start, start + LINE, this.view, 0)) return
    for (let index = 0; index < LINE; index++)
      this.view.setUint32(4 * index, this.stored[start + index] ?? 0, true)
    cache.fill(start, start + LINE, this.view, 0)
  }

  /** Adds one to an entry. */
  store(premap: number, cache = this.cache()): void {
    this.load(Math.floor(premap / LINE), cache)
    const entry = (this.stored[premap] ?? 0) + 1
    cache.suspend(premap)
    this.stored[premap] = entry
    this.view.setUint32(0, entry, true)
    cache.resume(premap, premap + 1, this.view, 0)
  }

  found(): number[] {
    return Array.from(this.stored.keys(), (premap) => this.cache().find(premap))
  }

  /** Throws where something is found that is not what is stored. Returns how much is found. */
  countTrue(): number {
    const found = [...this.found().entries()].filter(([, entry]) => entry !== NOT_CACHED)
    const wrong = found.find(([premap, entry]) => entry !== this.stored[premap])
    if (wrong !== undefined) throw new Error(`of LBA ${wrong[0]} was found ${wrong[1]}`)
    return found.length
  }
}

test('a line is found when it has come in, with entries of all 32 bits, and no other', () => {
  const map = new CachedMap()
  expect(map.countTrue()).toBe(0)
  map.load(1)
  expect(map.countTrue()).toBe(LINE)
  expect(map.cache().find(LINE + 3)).toBe(0xc000_0000 + LINE + 3)
})

test('an entry that is being stored is not found, and is found as it was stored afterwards', () => {
  const map = new CachedMap()
  map.load(0)
  map.cache().suspend(3)
  expect(map.found().every((entry) => entry === NOT_CACHED)).toBe(true)
  map.store(3)
  expect(map.countTrue()).toBe(LINE)
})

test('a line of which a store has failed does not come back with the next store, but with the next load', () => {
  const map = new CachedMap()
  map.load(0)
  map.cache().suspend(3)
  map.stored[3] = 7
  const view = new DataView(new ArrayBuffer(64))
  // Whoever comes next does not find it, cannot load it whole, and stores another entry of it.
  expect(map.cache().read(4, 5, view, 0)).toBe(false)
  map.cache().suspend(4)
  map.cache().resume(4, 5, view, 0)
  expect(map.countTrue()).toBe(0)
  map.load(0)
  expect(map.countTrue()).toBe(LINE)
})

test('what is left of a failed store is not taken for the line that has come in again', () => {
  const map = new CachedMap()
  map.load(0)
  map.cache().suspend(3)
  map.stored[3] = 7
  map.load(1)
  map.store(4)
  expect(map.countTrue()).toBe(2 * LINE)
})

test('a line that was used stays where one that was not makes room', () => {
  for (const used of [0, 1]) {
    const map = new CachedMap()
    map.load(0)
    map.load(1)
    map.cache().find(used * LINE)
    map.load(2)
    expect(map.cache().find(used * LINE)).not.toBe(NOT_CACHED)
    expect(map.cache().find((1 - used) * LINE)).toBe(NOT_CACHED)
    expect(map.countTrue()).toBe(2 * LINE)
  }
})

test('a line is worth being brought in where there is room, or when it is missed again before another one of its set', () => {
  const map = new CachedMap()
  const admits = (line: number): boolean => map.cache().admits(line * LINE)
  expect([admits(2), admits(2)]).toEqual([true, true])
  map.load(0)
  expect(admits(2)).toBe(true)
  map.load(1)
  expect([admits(2), admits(2)]).toEqual([false, true])
  expect([admits(3), admits(2), admits(3), admits(3)]).toEqual([false, false, false, true])
})

test('where all lines were used, each makes room in its turn', () => {
  const map = new CachedMap()
  for (let load = 0; load < 12; load++) {
    map.load(load % 3)
    expect(map.cache().find((load % 3) * LINE)).not.toBe(NOT_CACHED)
    map.countTrue()
  }
})

class Death extends Error {}

/** Those of a thread that dies before its n-th access (from 0). */
function mortal(accesses: number): WordAtomics {
  let left = accesses
  const live = (): void => {
    if (left-- === 0) throw new Death()
  }
  const atomics: WordAtomics = Object.create(NATIVE_ATOMICS)
  return Object.assign(atomics, {
    load(words: Int32Array, index: number) {
      live()
      return NATIVE_ATOMICS.load(words, index)
    },
    store(words: Int32Array, index: number, value: number) {
      live()
      NATIVE_ATOMICS.store(words, index, value)
    },
    add(words: Int32Array, index: number, value: number) {
      live()
      return NATIVE_ATOMICS.add(words, index, value)
    },
    or(words: Int32Array, index: number, value: number) {
      live()
      return NATIVE_ATOMICS.or(words, index, value)
    },
  })
}

test.each<[string, number[], (map: CachedMap, cache: MapCache) => void]>([
  ['brings a line in', [1], (map, cache) => map.load(0, cache)],
  ['brings a line in for which another makes room', [1, 0], (map, cache) => map.load(2, cache)],
  ['stores an entry', [1, 0], (map, cache) => map.store(LINE + 3, cache)],
  ['drops a line', [1, 0], (_map, cache) => cache.forget(LINE + 3)],
])('a thread that %s and dies leaves nothing that is wrong, and nothing in the way', (_what, lines, act) => {
  for (let accesses = 0, hasDied = true; hasDied; accesses++) {
    const map = new CachedMap()
    for (const line of lines) map.load(line)
    hasDied = false
    try {
      act(map, map.cache(mortal(accesses)))
    } catch (error) {
      if (!(error instanceof Death)) throw error
      hasDied = true
    }
    map.countTrue()
    // Whoever has the map lock next.
    for (const premap of [LINE + 4, 3, 2 * LINE]) {
      map.store(premap)
      expect(map.cache().find(premap)).toBe(map.stored[premap])
      map.countTrue()
    }
    if (!hasDied) expect(accesses).toBeGreaterThan(3)
  }
})

test('a cache is as large as its map needs, or as it may be, and has a place for each map lock', () => {
  const bytes = (shape: { setCount: number; wayCount: number }): number => 4 * mapCacheWords(shape)
  expect(mapCacheShape(64 * 1024, 256, 2 ** 26)).toEqual({ setCount: 1024, wayCount: 4 })
  expect(mapCacheShape(1, 256, 2 ** 26)).toEqual({ setCount: 256, wayCount: 4 })
  for (const limit of [2 ** 26, 2 ** 20, 100_000, 50_000, 20 * 4 * 256]) {
    const shape = mapCacheShape(2 ** 30, 256, limit)
    expect(shape.setCount % 256).toBe(0)
    expect(shape.setCount).toBeGreaterThan(0)
    expect(bytes(shape)).toBeLessThanOrEqual(limit)
    expect(bytes(shape)).toBeGreaterThan(limit / 2)
  }
  for (const limit of [0, 20 * 4 * 256 - 1]) expect(bytes(mapCacheShape(2 ** 30, 256, limit))).toBe(0)
})
