/** Readers, the read tracking, and who changes a map entry. */
import type { PatchedMutant } from './mutant.ts'

const LOOK_UP = 'packages/btt/src/look-up.ts'

export const MUTANTS_OF_READERS: readonly PatchedMutant[] = [
  {
    name: 'read-tracking-cleared-early',
    wrong: 'A reader leaves the read tracking before it reads the block.',
    rule: '5: a block in the read tracking is not written',
    patch: {
      file: 'packages/btt/src/read-range.ts',
      find: '        wait = arena.readBlock(lane, block, within, target, done, length)',
      replace: `        arena.readTracking.leave(lane)
        wait = arena.readBlock(lane, block, within, target, done, length)`,
    },
  },
  {
    name: 'no-second-look-at-the-map',
    wrong: 'A reader does not look at the map again after it has put the block into the read tracking.',
    rule: '5: a block is read only while the map names it and it is in the read tracking',
    patch: {
      file: LOOK_UP,
      find: `      const wait = arena.readTracking.enter(lane, this.block)
      if (wait !== undefined) return wait
    }`,
      replace: `      const wait = arena.readTracking.enter(lane, this.block)
      this.isLoaded = true
      if (wait !== undefined) return wait
    }`,
    },
  },
  {
    name: 'writer-does-not-wait',
    wrong: 'A writer fills its free block while somebody still reads it.',
    rule: '5: a block in the read tracking is not written',
    patch: {
      file: 'packages/btt/src/clear-free-block.ts',
      find: 'if (arena.readTracking.isRead(block)) yield* arena.readTracking.waitUntilUnread(block)',
      replace: '',
    },
  },
  {
    name: 'zero-without-lock',
    wrong: 'Zeroing changes a line of the map without its lock.',
    rule: '8: a map entry changes only under its map lock',
    patch: {
      file: 'packages/btt/src/zero-by-flags.ts',
      find: `  const mapLock = arena.mapLockOf(premap)
  if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
  try {`,
      replace: `  const mapLock = arena.mapLockOf(premap)
  section = Object.assign(Object.create(section), { unlock() {} })
  try {`,
    },
  },
  {
    name: 'persist-under-way-joined',
    wrong:
      'A zeroing waits for no persist of its own where another one has a persist of the same map line under way.',
    rule: '6: the map is durable before the lane is released',
    patch: {
      file: 'packages/btt/src/zero-by-flags.ts',
      find: `  const wait = arena.persistEntries(section.lane, first, end - first)
  if (wait !== undefined) yield section.waitFor(wait)
`,
      replace: `  const lines = (arena.linesUnderWay ??= new Set())
  if (!lines.has(arena.lineEnd(first))) {
    lines.add(arena.lineEnd(first))
    const wait = arena.persistEntries(section.lane, first, end - first)
    if (wait !== undefined) yield section.waitFor(wait)
    lines.delete(arena.lineEnd(first))
  }
`,
    },
  },
  {
    name: 'error-without-lock',
    wrong:
      'A reader that finds its block lost marks the map entry as an error without the map lock (as in Linux).',
    rule: '8: a map entry changes only under its map lock',
    patch: {
      file: 'packages/btt/src/lost-sector.ts',
      find: `  const mapLock = arena.mapLockOf(premap)
  if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
  try {`,
      replace: `  const mapLock = arena.mapLockOf(premap)
  section = Object.assign(Object.create(section), { unlock() {}, lane })
  try {`,
    },
  },
  {
    name: 'error-without-second-look',
    wrong:
      'A reader that finds its block lost marks the map entry as an error, whatever the entry is by then.',
    rule: '8: a map entry changes only from a value that was read under its lock',
    patch: {
      file: 'packages/btt/src/lost-sector.ts',
      find: `    if (arena.loadedEntry(lane, premap) !== entry) return
    const block = arena.blockOf(entry, premap)
    if (yield* canBeRead(section, arena, block)) return`,
      replace: '    const block = arena.blockOf(entry, premap)',
    },
  },
]
