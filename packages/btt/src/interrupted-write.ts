/**
 * What one lane's flog group says, and the completion of a write that was interrupted: its flog entry is complete while the map still has the
 * old block. It is rolled forward, never back: its data was durable before the entry was. A map entry in the initial state counts as the block of its own number.
 *
 * Who attaches judges all lanes so; who recovers a dead thread, the lanes that it left.
 */
import type { MaybeSleep, Sleepable } from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  hasErrorFlag,
  mapBlock,
  newerOf,
  nextSeq,
  normalEntry,
  stripFlags,
  type FlogEntry,
  type FlogSlots,
  type InfoBlock,
} from '@bttkit/btt-format'
import { lanePosition } from './arena-flog.ts'
import type { Storage } from './storage.ts'

/** One lane's part of the free list. */
export interface FlogLane {
  readonly freeBlock: number
  /** The word of `ArenaWords.positions`. */
  readonly position: number
}

/** What a group says, and the entry that says so. */
export interface JudgedLane extends FlogLane {
  readonly newer: FlogEntry
}

/** A write to be completed: the map entry of `premap` becomes `block`. */
export interface PendingWrite {
  readonly premap: number
  readonly block: number
}

/** Where an arena is and what it looks like. */
interface PlacedArena {
  readonly offset: number
  readonly info: InfoBlock
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

/** The newer entry of the group with this number and what follows from it, or what is wrong with the group. */
export function judgeLane(
  view: DataView,
  group: number,
  slots: FlogSlots,
  info: InfoBlock,
): JudgedLane | string {
  const at = group * FLOG_GROUP_BYTES
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
    position: lanePosition(which === 0, nextSeq(newer.seq), hasErrorFlag(newer.oldMap)),
  }
}

function entryOffset({ offset, info }: PlacedArena, premap: number): number {
  return offset + info.mapoff + premap * MAP_ENTRY_BYTES
}

const NOTHING_COMPLETED: ReadonlyMap<number, PendingWrite> = new Map()

/**
 * The write that a lane's group describes, if the map still has its old block.
 *
 * @param completed by LBA of the arena: what counts as entered in the map already
 */
export function* findInterruptedWrite(
  storage: Storage,
  arena: PlacedArena,
  { newer, freeBlock }: JudgedLane,
  completed: ReadonlyMap<number, PendingWrite> = NOTHING_COMPLETED,
): Sleepable<PendingWrite | undefined> {
  const block = stripFlags(newer.newMap)
  if (block === freeBlock) return undefined
  const premap = newer.lba
  let mapped = completed.get(premap)?.block
  if (mapped === undefined) {
    const entry = new Uint8Array(MAP_ENTRY_BYTES)
    const wait = storage.read(entryOffset(arena, premap), entry, 0, MAP_ENTRY_BYTES, 'map')
    if (wait !== undefined) yield wait
    mapped = mapBlock(new DataView(entry.buffer).getUint32(0, true), premap)
  }
  return mapped === freeBlock ? { premap, block } : undefined
}

/** Enters an interrupted write in the map, durably. */
export function* completeWrite(
  storage: Storage,
  arena: PlacedArena,
  { premap, block }: PendingWrite,
): Sleepable<void> {
  const offset = entryOffset(arena, premap)
  const entry = new Uint8Array(MAP_ENTRY_BYTES)
  new DataView(entry.buffer).setUint32(0, normalEntry(block), true)
  let wait: MaybeSleep
  if ((wait = storage.write(offset, entry, 0, MAP_ENTRY_BYTES, 'map')) !== undefined) yield wait
  if ((wait = storage.persist(offset, MAP_ENTRY_BYTES, 'map')) !== undefined) yield wait
}
