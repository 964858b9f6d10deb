/**
 * Loading entries of the map under their lock: from the cache of the map, or from the storage, and then the whole line where it is worth being in the cache.
 *
 * Where the medium has lost some of a line, the entries that are asked for are loaded on their own, as without a cache; so nobody fails for what he does not need. The cache is not used in the
 * error state: what became of stores is for the storage to say.
 */
import type { MaybeSleep, Sleepable } from '@bttkit/interfaces'
import type { Arena } from './arena.ts'
import type { LaneSection } from './lane-section.ts'

/** Loads a line, and takes it into the cache. Returns whether that could be done. */
function* cacheLine(
  section: LaneSection,
  arena: Arena,
  lane: number,
  premap: number,
  end: number,
): Sleepable<boolean> {
  try {
    const wait = arena.loadLine(lane, arena.lineStart(premap), arena.lineEnd(premap))
    if (wait !== undefined) yield section.waitFor(wait)
  } catch (error) {
    // A driver that refuses to wait, and no failure of the storage.
    if (section.hasCallUnderWay) throw error
    return false
  }
  arena.cacheLoadedLine(lane, premap, end)
  return true
}

/** Loads the entries from `premap` up to `end`, all of one line, into the buffer of the lane. The caller holds their map lock. */
export function* loadEntries(
  section: LaneSection,
  arena: Arena,
  lane: number,
  premap: number,
  end: number,
): Sleepable<void> {
  if (arena.usesMapCache) {
    if (arena.loadCached(lane, premap, end)) return
    if (arena.admitsToCache(premap) && (yield* cacheLine(section, arena, lane, premap, end))) return
  }
  const wait = arena.loadLine(lane, premap, end)
  if (wait !== undefined) yield section.waitFor(wait)
}

/** As `loadEntries`, on storage whose calls never wait. What it returns after all is for the caller to wonder about. */
export function loadEntriesAtOnce(
  section: LaneSection,
  arena: Arena,
  lane: number,
  premap: number,
  end: number,
): MaybeSleep {
  if (arena.mapCache === undefined) return arena.loadLine(lane, premap, end)
  const loading = loadEntries(section, arena, lane, premap, end)
  const step = loading.next()
  if (step.done === true) return undefined
  loading.return()
  return step.value
}
