/**
 * Reading the flog at attach: which free block each lane has, which writes were interrupted, and whether any of it cannot be true.
 *
 * An interrupted write is one whose flog entry is complete while the map still has the old block. It is rolled forward, never back: its
 * data was durable before the entry was. A map entry in the initial state counts as the block of its own number.
 */
import type { MaybeSleep, Sleepable } from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  FlogSlotDetector,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  mapBlock,
  newerOf,
  nextSeq,
  stripFlags,
  type FlogEntry,
  type FlogSlots,
  type InfoBlock,
} from '@bttkit/btt-format'
import { flogPosition } from './arena.ts'
import type { FoundArena, FoundBtt } from './find-btt.ts'
import type { Storage } from './storage.ts'

/** One lane's part of the flog. */
interface FlogLane {
  readonly freeBlock: number
  /** The word of `ArenaWords.positions`. */
  readonly position: number
}

/** A write to be completed: the map entry of `premap` becomes `block`. */
interface PendingWrite {
  readonly lane: number
  readonly premap: number
  readonly block: number
}

interface FlogProblem {
  readonly lane: number
  readonly problem: string
}

interface FlogFindings {
  readonly slots: FlogSlots
  readonly lanes: readonly FlogLane[]
  readonly pending: readonly PendingWrite[]
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

function entryProblem(entry: FlogEntry, info: InfoBlock): string | undefined {
  if (entry.lba >= info.externalNlba)
    return `its flog names LBA ${entry.lba}, and the arena has ${info.externalNlba}`
  const [oldBlock, newBlock] = [stripFlags(entry.oldMap), stripFlags(entry.newMap)]
  if (oldBlock >= info.internalNlba)
    return `its flog gives it block ${oldBlock}, and the arena has ${info.internalNlba}`
  if (newBlock >= info.internalNlba)
    return `its flog names block ${newBlock}, and the arena has ${info.internalNlba}`
  return undefined
}

interface JudgedLane extends FlogLane {
  readonly newer: FlogEntry
}

/** The newer entry of a lane's group and what follows from it, or what is wrong with the group. */
function judgeLane(view: DataView, lane: number, slots: FlogSlots, info: InfoBlock): JudgedLane | string {
  const at = lane * FLOG_GROUP_BYTES
  const first = decodeFlogEntry(view, at + slots.first * FLOG_SLOT_BYTES)
  const second = decodeFlogEntry(view, at + slots.second * FLOG_SLOT_BYTES)
  const which = newerOf(first.seq, second.seq)
  if (which === undefined)
    return `its flog has sequence numbers ${first.seq} and ${second.seq}, and no write leaves them so`
  const newer = which === 0 ? first : second
  const problem = entryProblem(newer, info)
  if (problem !== undefined) return problem
  return {
    newer,
    freeBlock: stripFlags(newer.oldMap),
    position: flogPosition(which === 0, nextSeq(newer.seq)),
  }
}

/** What the map says, with what was found pending before taken as done. */
function* currentBlock(
  storage: Storage,
  arena: FoundArena,
  premap: number,
  lastPending: ReadonlyMap<number, PendingWrite>,
  entry: DataView,
): Sleepable<number> {
  const recovered = lastPending.get(premap)
  if (recovered !== undefined) return recovered.block
  const bytes = new Uint8Array(entry.buffer)
  const wait: MaybeSleep = storage.read(
    arena.offset + arena.info.mapoff + premap * MAP_ENTRY_BYTES,
    bytes,
    0,
    MAP_ENTRY_BYTES,
  )
  if (wait !== undefined) yield wait
  return mapBlock(entry.getUint32(0, true), premap)
}

/** A block that would be mapped by recovery and is free, or would be mapped twice: no write leaves that, and to complete one would break the bijection. */
function doublyHeld(pending: Iterable<PendingWrite>, freeOwners: ReadonlyMap<number, number>): FlogProblem[] {
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
  const pending: PendingWrite[] = []
  const lastPending = new Map<number, PendingWrite>()
  const problems: FlogProblem[] = []
  const owners = new Map<number, number>()
  const mapEntry = new DataView(new ArrayBuffer(MAP_ENTRY_BYTES))
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
    const newBlock = stripFlags(newer.newMap)
    if (newBlock === freeBlock) continue
    const mapped = yield* currentBlock(storage, arena, newer.lba, lastPending, mapEntry)
    if (mapped !== freeBlock) continue
    const write = { lane, premap: newer.lba, block: newBlock }
    pending.push(write)
    lastPending.set(newer.lba, write)
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
