/** Reading the flog at attach: which free block each lane has, which writes were interrupted, and whether any of it cannot be true. */
import type { Sleepable } from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FlogSlotDetector,
  hasErrorFlag,
  stripFlags,
  type FlogSlots,
} from '@bttkit/btt-format'
import type { FoundArena, FoundBtt } from './find-btt.ts'
import {
  findInterruptedWrite,
  judgeLane,
  type FlogLane,
  type JudgedLane,
  type PendingWrite,
} from './interrupted-write.ts'
import { isBadBlockError } from './lost-sector.ts'
import { readUnlessLost } from './read-bytes.ts'
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
  /** Whether some entry carries map flags in its block numbers, as PMDK's do. The error flag of an old block alone is nobody's own: Linux stores it, too. */
  readonly hasFlags: boolean
}

/** A flog as it was read. */
interface LoadedFlog {
  readonly view: DataView
  /** The groups that the medium has lost; zeros in their place. */
  readonly lost: ReadonlySet<number>
}

/** The whole flog of an arena; its size is bounded by the largest nfree that is accepted. Where the medium has lost a part of it, the other groups. */
export function* loadFlog(storage: Storage, { offset, info }: FoundArena): Sleepable<LoadedFlog> {
  const start = offset + info.logoff
  const lost = new Set<number>()
  const whole = yield* readUnlessLost(storage, start, info.nfree * FLOG_GROUP_BYTES, 'flog')
  if (whole !== undefined) return { view: new DataView(whole.buffer), lost }
  const bytes = new Uint8Array(info.nfree * FLOG_GROUP_BYTES)
  for (let group = 0; group < info.nfree; group++) {
    const at = group * FLOG_GROUP_BYTES
    const read = yield* readUnlessLost(storage, start + at, FLOG_GROUP_BYTES, 'flog')
    if (read === undefined) lost.add(group)
    else bytes.set(read, at)
  }
  return { view: new DataView(bytes.buffer), lost }
}

/** As `findInterruptedWrite`; where the medium has lost the map entry that would tell, that. */
function* findUnlessLost(
  storage: Storage,
  arena: FoundArena,
  judged: JudgedLane,
  completed: ReadonlyMap<number, PendingWrite>,
): Sleepable<PendingWrite | string | undefined> {
  try {
    return yield* findInterruptedWrite(storage, arena, judged, completed)
  } catch (error) {
    if (!isBadBlockError(error)) throw error
    return `the medium has lost the map entry of LBA ${judged.newer.lba}, to which it wrote last`
  }
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
  const { view, lost } = yield* loadFlog(storage, arena)
  const detector = new FlogSlotDetector()
  detector.examine(view, lost)
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
    const judged = lost.has(lane)
      ? 'the medium has lost its flog'
      : judgeLane(view, lane, detector.slots, info)
    if (typeof judged === 'string') {
      problems.push({ lane, problem: judged })
      // The place keeps the numbering; a lane with a problem is never used.
      lanes.push({ freeBlock: info.internalNlba, position: 0 })
      continue
    }
    lanes.push(judged)
    const { newer, freeBlock } = judged
    const isPlain = freeBlock === newer.oldMap || hasErrorFlag(newer.oldMap)
    hasFlags ||= !isPlain || stripFlags(newer.newMap) !== newer.newMap
    const owner = owners.get(freeBlock)
    if (owner !== undefined)
      problems.push({ lane, problem: `its flog gives it block ${freeBlock}, which lane ${owner} has` })
    owners.set(freeBlock, lane)
    const found = yield* findUnlessLost(storage, arena, judged, lastPending)
    if (typeof found === 'string') problems.push({ lane, problem: found })
    if (found === undefined || typeof found === 'string') continue
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
