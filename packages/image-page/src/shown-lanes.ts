/** Which lanes the page has rows for: all, or of so many those that findings name, and the first ones. */
import type { Finding } from '@bttkit/interfaces'
import { FLOG_GROUP_BYTES } from '@bttkit/btt-format'
import { MOST_LANES } from './page-limits.ts'
import type { PageObserver } from './page-observer.ts'

/** A finding of the check itself or of another checker. */
export type AnyFinding = Finding & { readonly lbas?: readonly number[]; readonly lanes?: readonly number[] }

/** Also those that share a block. */
export function lanesOf(finding: AnyFinding): number[] {
  const { lane, lanes = [] } = finding
  return [...new Set(lane === undefined ? lanes : [lane, ...lanes])]
}

/** By arena, ascending. */
export function shownLanes(
  observer: PageObserver,
  findings: readonly Finding[],
): Map<number, ReadonlySet<number>> {
  const most = Math.floor(MOST_LANES / Math.max(1, observer.flogs.size))
  const shown = new Map<number, ReadonlySet<number>>()
  for (const [arena, { groups }] of observer.flogs) {
    const laneCount = groups.byteLength / FLOG_GROUP_BYTES
    const named = findings.filter((finding) => finding.arena === arena).flatMap(lanesOf)
    const isLane = (lane: number): boolean => Number.isInteger(lane) && lane >= 0 && lane < laneCount
    const lanes = new Set(named.filter(isLane).slice(0, most))
    for (let lane = 0; lane < laneCount && lanes.size < most; lane++) lanes.add(lane)
    shown.set(arena, new Set([...lanes].toSorted((one, other) => one - other)))
  }
  return shown
}
