/** How many spare blocks an arena has of which no info block is left: as many as there are groups of the flog in front of its end. */
import type { Sleepable } from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  MAX_NFREE,
  backupOffsetIn,
  decodeFlogEntry,
  newerOf,
  stripFlags,
  usedSlots,
} from '@bttkit/btt-format'
import type { SalvageRun } from './salvage-run.ts'

const PAGE_BYTES = 4096
/** What the slots of a group may be that are not all zeros, a bit each: the first one, or two as writers use them. */
const USED: ReadonlySet<number> = new Set([0b0001, 0b0011, 0b0101])

/** Whether it can be a group of an arena of so many blocks at most. Entries of a map, and contents, hardly look so. */
function looksLikeGroup(view: DataView, at: number, mostBlocks: number): boolean {
  const used = usedSlots(view, at)
  if (!USED.has(used)) return false
  const first = decodeFlogEntry(view, at)
  const second = decodeFlogEntry(view, at + FLOG_SLOT_BYTES * (used === 0b0101 ? 2 : 1))
  const isInRange = [first, second].every(
    ({ lba, oldMap, newMap }) =>
      lba < mostBlocks && stripFlags(oldMap) < mostBlocks && stripFlags(newMap) < mostBlocks,
  )
  return isInRange && newerOf(first.seq, second.seq) !== undefined
}

/**
 * @param sizeBytes of the arena
 * @returns the number, if there is something like a flog; a part of it may be damaged
 */
export function* guessNfree(
  run: SalvageRun,
  offset: number,
  sizeBytes: number,
): Sleepable<number | undefined> {
  const end = backupOffsetIn(sizeBytes)
  const mostBlocks = sizeBytes / 512
  let groups = 0
  for (let start = end - PAGE_BYTES; start > 0 && groups < MAX_NFREE; start -= PAGE_BYTES) {
    const bytes = yield* run.reader.read(offset + start, PAGE_BYTES, 'flog')
    const view = bytes && new DataView(bytes.buffer)
    if (view === undefined || !looksLikeGroup(view, 0, mostBlocks)) break
    groups += groups === 0 ? groupsIn(view) : PAGE_BYTES / FLOG_GROUP_BYTES
  }
  return groups === 0 || groups > MAX_NFREE ? undefined : groups
}

/** Groups of the last page of a flog, which need not fill it. */
function groupsIn(view: DataView): number {
  let end = PAGE_BYTES
  while (end > 0 && usedSlots(view, end - FLOG_GROUP_BYTES) === 0) end -= FLOG_GROUP_BYTES
  return end / FLOG_GROUP_BYTES
}
