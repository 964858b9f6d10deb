/** The cache of the map: what readers may find there, and when. */
import type { PatchedMutant } from './mutant.ts'

const CACHE = 'packages/btt/src/map-cache.ts'
const AS_ON_THE_STORAGE = 'an entry in the cache is the one on the storage'

export const MUTANTS_OF_THE_CACHE: readonly PatchedMutant[] = [
  {
    name: 'version-not-looked-at-again',
    wrong: 'A reader does not look again whether its place in the cache has become that of another line.',
    rule: AS_ON_THE_STORAGE,
    patch: {
      file: CACHE,
      find: '    if (atomics.load(words, set + VERSION) !== version) return NOT_CACHED\n',
      replace: '    void version\n',
    },
  },
  {
    name: 'version-up-before-the-tag',
    wrong: 'The version of a set goes up before the tag of the old line is gone.',
    rule: AS_ON_THE_STORAGE,
    patch: {
      file: CACHE,
      find: `    this.atomics.store(this.words, set + TAGS + way, tag)
    this.atomics.add(this.words, set + VERSION, 1)
`,
      replace: `    this.atomics.add(this.words, set + VERSION, 1)
    this.atomics.store(this.words, set + TAGS + way, tag)
`,
    },
  },
  {
    name: 'filled-in-place',
    wrong: 'The entries of a line are put over those of the old one, which is still said to be there.',
    rule: AS_ON_THE_STORAGE,
    patch: {
      file: CACHE,
      find: `    const way = this.makeRoom(set)
    this.takeOut(set, way, NO_LINE)
`,
      replace: `    const way = this.makeRoom(set)
`,
    },
  },
  {
    name: 'tag-before-entries',
    wrong: 'A line is said to be there before its entries are.',
    rule: AS_ON_THE_STORAGE,
    patch: {
      file: CACHE,
      find: `    this.takeOut(set, way, NO_LINE)
    this.put(set, way, premap, end, view, at)
    this.atomics.store(this.words, set + TAGS + way, line + 1)
`,
      replace: `    this.takeOut(set, way, NO_LINE)
    this.atomics.store(this.words, set + TAGS + way, line + 1)
    this.put(set, way, premap, end, view, at)
`,
    },
  },
  {
    name: 'store-past-the-cache',
    wrong: 'A write stores its map entry, and the cache hears nothing of it.',
    rule: AS_ON_THE_STORAGE,
    patch: {
      file: 'packages/btt/src/arena.ts',
      find: `    const { buffers } = this
    this.mapCache?.suspend(premap)
    const at = buffers.mapLineAt(lane)
    buffers.view.setUint32(at, entry, true)
`,
      replace: `    const { buffers } = this
    const at = buffers.mapLineAt(lane)
    buffers.view.setUint32(at, entry, true)
`,
    },
  },
  {
    name: 'back-as-it-was',
    wrong: 'A line comes back after a store with the entries from before it.',
    rule: AS_ON_THE_STORAGE,
    patch: {
      file: CACHE,
      find: `    if (way < 0) return
    this.put(set, way, premap, end, view, at)
`,
      replace: `    if (way < 0) return
`,
    },
  },
  {
    name: 'cached-during-the-store',
    wrong: 'The old entry can be found in the cache while the new one is being stored.',
    rule: AS_ON_THE_STORAGE,
    patch: {
      file: CACHE,
      find: 'if (way >= 0) this.takeOut(set, way, -line - 1)',
      replace: 'void way',
    },
  },
  {
    name: 'brought-in-without-lock',
    wrong: 'A reader brings a line into the cache without its map lock, while a writer may be storing it.',
    rule: AS_ON_THE_STORAGE,
    patch: {
      file: 'packages/btt/src/look-up.ts',
      find: `    if (arena.admitsToCache(premap) && arena.mapLocks.tryAcquire(mapLock))
      return yield* this.underTakenLock(section, arena, premap, mapLock)
`,
      replace: `    const { lane } = section
    const unlocking = Object.assign(Object.create(section), { unlock() {}, lane })
    return yield* this.underTakenLock(unlocking, arena, premap, mapLock)
`,
    },
  },
  {
    name: 'recovered-past-the-cache',
    wrong: 'Who completes the write of a dead thread leaves the old entry in the cache.',
    rule: AS_ON_THE_STORAGE,
    patch: {
      file: 'packages/btt/src/recover-dead-thread.ts',
      find: '          arena.mapCache?.forget(write.premap)\n',
      replace: '',
    },
  },
]
