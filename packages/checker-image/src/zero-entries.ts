/**
 * Entries that say zero, of sectors of less than a page. Linux does not fill what comes after such a sector in a read of several into one page, and reports success
 * (6.1 and 6.12 do so). Its driver never writes such entries; libpmemblk does, and Linux does not read its pools.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { KERNEL_LBASIZES, MAP_ENTRY_BYTES, POOL_BTT_OFFSET, mapState } from '@bttkit/btt-format'
import type { SectorCounts } from './check-map.ts'
import type { Arena, CheckRun } from './check-run.ts'
import { entryOffset } from './interrupted-writes.ts'
import { readMap } from './read-map.ts'

const PAGE_BYTES = 4096

function* firstZeroed(run: CheckRun, arena: Arena): Sleepable<number | undefined> {
  let found: number | undefined
  run.passes.expect(arena.info.externalNlba)
  yield* readMap(run, arena, new Map(), {
    entries(view, first, count) {
      for (let i = 0; i < count && found === undefined; i++)
        if (mapState(view.getUint32(i * MAP_ENTRY_BYTES, true)) === 'zero') found = first + i
    },
    hole: () => undefined,
    lost: () => undefined,
  })
  return found
}

/** Reports them, with the first. Reads the map again where there are any. */
export function* reportZeroEntries(
  run: CheckRun,
  arena: Arena,
  sectors: SectorCounts,
  namespaceOffset: number,
): Sleepable<void> {
  const { externalLbasize } = arena.info
  const isLinux = namespaceOffset !== POOL_BTT_OFFSET && KERNEL_LBASIZES.includes(externalLbasize)
  if (sectors.zero === 0 || !isLinux || externalLbasize >= PAGE_BYTES) return
  const premap = yield* firstZeroed(run, arena)
  if (premap === undefined) return
  const lba = arena.firstLba + premap
  const message = `${sectors.zero} sectors are marked as zero, the first of them LBA ${lba}; Linux misreads what comes behind such a sector in the same page: 'btt zero' of them writes zeros instead`
  run.log.add('zero-entries', () => ({
    arena: arena.index,
    lba,
    offset: entryOffset(arena, premap),
    count: sectors.zero,
    message,
  }))
}
