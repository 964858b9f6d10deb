/** Reading the flog at attach: which free block each lane has, which writes were interrupted, and whether any of it cannot be true. */
import type { Sleepable } from '@bttkit/interfaces'
import { FLOG_GROUP_BYTES, FlogSlotDetector, stripFlags, type FlogSlots } from '@bttkit/btt-format'
import type { FoundArena, FoundBtt } from './find-btt.ts'
import { findInterruptedWrite, judgeLane, type FlogLane, type PendingWrite } from './interrupted-write.ts'
import type { Storage } from './storage.ts'

/** An interrupted write, and whose it was. */
interface LanesPendingWrite extends PendingWrite {
  readonly lane: number
}

interface FlogProblem {
  readonly lane: number
  readonly problem: string
}

interface FlogFindings {
  readonly slots: FlogSlots
  readonly lanes: readonly FlogLane[]
  readonly pending: readonly LanesPendingWrite[]
  readonly problems: readonly FlogProblem[]
  /** Whether some entry carries map flags in its block numbers, as PMDK's do. */
  readonly hasFlags: boolean
}

/** The whole flog of an arena; its size is bounded by the largest nfree that is accepted. */
export function* loadFlog(storage: Storage, arena: FoundArena): Sleepable<DataView> {
  const bytes = new Uint8Array(arena.info.nfree * FLOG_GROUP_BYTES)
  const wait = storage.read(arena.offset + arena.info.logoff, bytes, 0, bytes.length)
  if (wait !== undefined) yield wait
  return new DataView(bytes.buffer)
}

/** A block that would be mapped by recovery and is free, or would be mapped twice: no write leaves that, and to complete one would break the bijection. */
function doublyHeld(
  pending: Iterable<LanesPendingWrite>,
  freeOwners: ReadonlyMap<number, number>,
): FlogProblem[] {
  const problems: FlogProblem[] = []
  const publishers = new Map<number, number>()
  for (const { lane, block } of pending) {
    const owner = freeOwners.get(block) ?? publishers.get(block)
    if (owner !== undefined)
      problems.push({ lane, problem: `its flog publishes block ${block}, which lane ${owner} has` })
    publishers.set(block, lane)
  }
  return problems
}

/** Reads and judges the flog of an arena. Writes nothing. */
function* readFlog(storage: Storage, arena: FoundArena): Sleepable<FlogFindings> {
  const { info } = arena
  const view = yield* loadFlog(storage, arena)
  const detector = new FlogSlotDetector()
  detector.examine(view)
  const lanes: FlogLane[] = []
  const pending: LanesPendingWrite[] = []
  const lastPending = new Map<number, LanesPendingWrite>()
  const problems: FlogProblem[] = []
  const owners = new Map<number, number>()
  let hasFlags = false
  if (detector.conflictingGroup !== undefined) {
    problems.push({
      lane: detector.conflictingGroup,
      problem: 'its flog uses other slots than a flog can, or than the lanes before it',
    })
  }
  for (let lane = 0; lane < info.nfree; lane++) {
    const judged = judgeLane(view, lane, detector.slots, info)
    if (typeof judged === 'string') {
      problems.push({ lane, problem: judged })
      // The place keeps the numbering; a lane with a problem is never used.
      lanes.push({ freeBlock: info.internalNlba, position: 0 })
      continue
    }
    lanes.push(judged)
    const { newer, freeBlock } = judged
    hasFlags ||= freeBlock !== newer.oldMap || stripFlags(newer.newMap) !== newer.newMap
    const owner = owners.get(freeBlock)
    if (owner !== undefined)
      problems.push({ lane, problem: `its flog gives it block ${freeBlock}, which lane ${owner} has` })
    owners.set(freeBlock, lane)
    const found = yield* findInterruptedWrite(storage, arena, judged, lastPending)
    if (found === undefined) continue
    const write = { lane, ...found }
    pending.push(write)
    lastPending.set(write.premap, write)
  }
  const all = problems.concat(doublyHeld(lastPending.values(), owners))
  return { slots: detector.slots, lanes, pending, problems: all, hasFlags }
}

/** An arena with what its flog says. */
export interface JudgedArena extends FoundArena {
  readonly flog: FlogFindings
}

export interface JudgedBtt extends FoundBtt {
  readonly arenas: readonly [JudgedArena, ...JudgedArena[]]
}

/** Reads and judges the flogs of all arenas. Writes nothing. */
export function* readFlogs(storage: Storage, found: FoundBtt): Sleepable<JudgedBtt> {
  const [first, ...others] = found.arenas
  const arenas: [JudgedArena, ...JudgedArena[]] = [{ ...first, flog: yield* readFlog(storage, first) }]
  for (const arena of others) arenas.push({ ...arena, flog: yield* readFlog(storage, arena) })
  return { ...found, arenas }
}
