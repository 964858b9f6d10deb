/** The lanes of an arena that begin anew, because they say nothing that can be believed, or have what others have. */
import { stripFlags } from '@bttkit/btt-format'
import type { ArenaNeeds } from './arena-needs.ts'
import type { FindingCode } from './finding-kinds.ts'

/** Lanes of which nobody knows what they have. */
export const BAD_LANES = [
  'flog-lost',
  'flog-slots',
  'flog-sequence',
  'flog-range',
] as const satisfies readonly FindingCode[]

/**
 * Interrupted writes that cannot be true: they would take a block that another has, and the lane's write before made another block free. The sectors stay with
 * what they had.
 */
export function abandonContradictedWrites(needs: ArenaNeeds): void {
  const contested = new Set(needs.of(['map-duplicate', 'map-free']).map(({ block }) => block))
  const writes = needs.of('write-interrupted')
  for (const { lane = -1, lba = -1, block } of writes) {
    const order = needs.groups.inOrder(lane)
    if (!contested.has(block) || order === undefined || order.older.seq === 0) continue
    if (stripFlags(order.older.oldMap) !== block) needs.abandoned.add(lba)
  }
  for (const { lane = -1, lba = -1 } of writes)
    if (needs.abandoned.has(lba)) needs.needLane(lane, { code: 'map-duplicate' })
}

export function needBadLanes(needs: ArenaNeeds): void {
  for (const { lane = -1, code } of needs.of(BAD_LANES)) needs.needLane(lane, { code })
}

/** Lanes that say what no write leaves keep their block, unless it is another's. */
function lanesNotInitial(needs: ArenaNeeds): ReadonlyMap<number, number | undefined> {
  return new Map(needs.of('flog-not-initial').map(({ lane = -1, block }) => [lane, block]))
}

/** Whether a lane says what a write leaves, so that its free block may be its own. */
export function isBelievable(needs: ArenaNeeds, lane: number): boolean {
  return !needs.lanes.has(lane) && !lanesNotInitial(needs).has(lane)
}

/** Of the lanes that share a free block one keeps it. @param mapped blocks that sectors have */
export function needSharingLanes(needs: ArenaNeeds, mapped: ReadonlySet<number>): void {
  const notInitial = lanesNotInitial(needs)
  for (const { lanes: sharing = [], block = -1, code } of needs.of('flog-free-twice')) {
    const [keeper] = sharing
      .filter((lane) => !needs.lanes.has(lane))
      .toSorted((a, b) => Number(notInitial.has(a)) - Number(notInitial.has(b)))
    for (const lane of sharing) if (lane !== keeper || mapped.has(block)) needs.needLane(lane, { code })
  }
  for (const [lane, ownBlock] of notInitial) needs.needLane(lane, { code: 'flog-not-initial', ownBlock })
}

/** All lanes of a flog in the slots of old, when nothing is wrong with any. */
export function needLanesOfOldSlots(needs: ArenaNeeds): void {
  if (needs.options.rewriteLog !== true || needs.lanes.size > 0) return
  if (needs.of('flog-old-slots').length === 0) return
  for (let lane = 0; lane < needs.arena.info.nfree; lane++)
    needs.needLane(lane, { code: 'flog-old-slots', ownBlock: needs.groups.inOrder(lane)?.newer.oldMap })
}
