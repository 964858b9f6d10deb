/** Operations that are done at once: of one sector, and of several. */
import type { PatchedMutant } from './mutant.ts'

const AT_ONCE = 'packages/btt/src/at-once.ts'
const BATCH = 'packages/btt/src/batch-at-once.ts'

const STORE_ENTRY = `      this.promised(arena.storeEntry(lane, premap, normalEntry(block)))
      arena.cacheStored(lane, premap, premap + 1)
      this.promised(arena.persistEntries(lane, premap))
      arena.assertWritable(premap)
`
const FIRST_HALF = `      this.promised(flog.storeHalf(lane, 0))
      this.promised(flog.orderHalves(lane))
`
const ERROR_STATE = `      arena.enterErrorState(error)
      throw error
    }
    flog.advance(lane, old, isBad)
`

export const MUTANTS_OF_AT_ONCE: readonly PatchedMutant[] = [
  {
    name: 'at-once-data-not-durable',
    wrong: 'A write at once does not make its data durable before its flog entry is stored.',
    rule: '6: the data are durable before flog half 1 is stored',
    patch: { file: AT_ONCE, find: '    this.promised(arena.persistData(lane))\n', replace: '' },
  },
  {
    name: 'at-once-halves-not-apart',
    wrong: 'A write at once leaves out the flush between the halves of its flog entry.',
    rule: '6: half 0 becomes durable before half 1',
    patch: { file: AT_ONCE, find: '      this.promised(flog.orderHalves(lane))\n', replace: '' },
  },
  {
    name: 'at-once-halves-swapped',
    wrong: 'A write at once stores the half with the sequence number first.',
    rule: '6: half 0 becomes durable before half 1',
    patch: {
      file: AT_ONCE,
      find: `${FIRST_HALF}      arena.assertWritable(premap)
      this.promised(flog.storeHalf(lane, 1))`,
      replace: `      this.promised(flog.storeHalf(lane, 1))
      this.promised(flog.orderHalves(lane))
      arena.assertWritable(premap)
      this.promised(flog.storeHalf(lane, 0))`,
    },
  },
  {
    name: 'at-once-flog-not-durable',
    wrong: 'A write at once does not make its flog entry durable before its map entry is stored.',
    rule: '6: the flog is durable before the map',
    patch: { file: AT_ONCE, find: '      this.promised(flog.persistEntry(lane))\n', replace: '' },
  },
  {
    name: 'at-once-map-before-flog',
    wrong: 'A write at once stores its map entry, durably, before its flog entry.',
    rule: '6: the flog is durable before the map',
    patch: { file: AT_ONCE, find: FIRST_HALF, replace: STORE_ENTRY + FIRST_HALF },
  },
  {
    name: 'at-once-map-not-durable',
    wrong: 'A write at once ends before its map entry is durable.',
    rule: '6: the map is durable before the lane is released',
    patch: { file: AT_ONCE, find: '      this.promised(arena.persistEntries(lane, premap))\n', replace: '' },
  },
  {
    name: 'at-once-free-list-early',
    wrong:
      'The free list advances before a write at once has stored its map entry, and a failure of that is no reason to stop.',
    rule: '12: the free list advances only after the map entry is durable',
    patch: {
      file: AT_ONCE,
      find: STORE_ENTRY,
      replace: `      flog.advance(lane, old, isBad)
      try {
${STORE_ENTRY}      } catch {}
      return
`,
    },
  },
  {
    name: 'at-once-error-state-forgotten',
    wrong: 'A write at once that failed half-way leaves its arena open for more writes.',
    rule: '12: a failure between the first flog store and the durable map entry stops the arena',
    patch: {
      file: AT_ONCE,
      find: ERROR_STATE,
      replace: ERROR_STATE.replace('      arena.enterErrorState(error)\n', ''),
    },
  },
  {
    name: 'at-once-in-the-error-state',
    wrong: 'A write at once stores its data without a look whether the arena takes writes.',
    rule: '12: the free block of who failed half-way is not written again',
    patch: {
      file: AT_ONCE,
      find: `      arena.assertWritable(premap)
      if (!arena.isFreeBlockFit`,
      replace: '      if (!arena.isFreeBlockFit',
    },
  },
  {
    name: 'at-once-without-map-lock',
    wrong: 'A write at once goes on where its map lock is in use.',
    rule: '8: a map entry changes only under its map lock',
    patch: {
      file: AT_ONCE,
      find: `      if (!arena.mapLocks.tryAcquire(mapLock)) return this.giveUp(laneHint)
      try {
        this.storeData(arena, source, metadata)
        this.publish(arena, premap)
      } finally {
        section.unlock(arena, mapLock)
      }`,
      replace: `      void mapLock
      this.storeData(arena, source, metadata)
      this.publish(arena, premap)`,
    },
  },
  {
    name: 'at-once-without-second-look',
    wrong:
      'A read at once beside other threads does not look at the map again after it has put the block into the read tracking.',
    rule: '5: a block is read only while the map names it and it is in the read tracking',
    patch: {
      file: AT_ONCE,
      find: 'if (arena.loadedEntry(lane, premap) === entry) return block',
      replace: 'return block',
    },
  },
  {
    name: 'at-once-not-in-the-read-tracking',
    wrong: 'A read at once beside other threads does not enter the read tracking.',
    rule: '5: a block in the read tracking is not written',
    patch: { file: AT_ONCE, find: '      void arena.readTracking.enter(lane, block)\n', replace: '' },
  },
  {
    name: 'at-once-over-a-reader',
    wrong: 'A write at once fills its free block while another thread reads it.',
    rule: '5: a block in the read tracking is not written',
    patch: {
      file: AT_ONCE,
      find: `      arena.assertWritable(premap)
      if (!arena.isFreeBlockFit(section.lane)) return this.giveUp(laneHint)
`,
      replace: '      arena.assertWritable(premap)\n',
    },
  },
  {
    name: 'batch-at-once-data-not-durable',
    wrong: 'A batch at once does not make its data durable before its flog entries are stored.',
    rule: '6: the data are durable before flog half 1 is stored',
    patch: {
      file: BATCH,
      find: "    this.promised(storage.persistMany(ranges.list, 'data'))\n",
      replace: '',
    },
  },
  {
    name: 'batch-at-once-halves-not-apart',
    wrong: 'A batch at once leaves out the flush between the halves of its flog entries.',
    rule: '6: half 0 becomes durable before half 1',
    patch: {
      file: BATCH,
      find: '    this.promised(this.attachment.storage.persistMany(ranges.list, stage))\n',
      replace:
        "    if (stage !== 'flog half 0') this.promised(this.attachment.storage.persistMany(ranges.list, stage))\n",
    },
  },
  {
    name: 'batch-at-once-map-not-durable',
    wrong: 'A batch at once gives its lanes back before its map entries are durable.',
    rule: '6: the map is durable before the lane is released',
    patch: {
      file: BATCH,
      find: '      this.promised(arena.persistEntries(this.laneAt(0), premap, this.count))\n',
      replace: '',
    },
  },
]
