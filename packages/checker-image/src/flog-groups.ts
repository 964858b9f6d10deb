/** The flog of an arena as a repair reads it: slot by slot, whether they can be true or not. */
import type { Sleepable } from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  decodeFlogEntry,
  newerOf,
  stripFlags,
  usedSlots,
  type FlogEntry,
} from '@bttkit/btt-format'
import type { Arena } from './check-run.ts'
import type { ImageReader } from './image-reader.ts'

/** Which slots of a group are not all zeros, a bit each, where it has slots 0 and 2. */
const THIRD_SLOT = 0b0100

export class FlogGroups {
  private readonly arena: Arena
  private readonly view: DataView

  constructor(arena: Arena, view: DataView) {
    this.arena = arena
    this.view = view
  }

  /** The two slots that a lane may use, in their order. */
  slots(lane: number): [FlogEntry, FlogEntry] {
    const at = lane * FLOG_GROUP_BYTES
    const second = (usedSlots(this.view, at) & THIRD_SLOT) === 0 ? 1 : 2
    return [decodeFlogEntry(this.view, at), decodeFlogEntry(this.view, at + second * FLOG_SLOT_BYTES)]
  }

  /** The newer slot and the older one; `undefined` where the sequence numbers do not tell. */
  inOrder(lane: number): { newer: FlogEntry; older: FlogEntry } | undefined {
    const [first, second] = this.slots(lane)
    const which = newerOf(first.seq, second.seq)
    if (which === undefined) return undefined
    return which === 0 ? { newer: first, older: second } : { newer: second, older: first }
  }

  /** Byte of the storage. */
  offsetOf(lane: number): number {
    return this.arena.offset + this.arena.info.logoff + lane * FLOG_GROUP_BYTES
  }

  /**
   * The sectors (of the arena) that some slot says to have been written to each of these blocks. One of which a slot says that it went on from there to another block is
   * not among them.
   */
  writersOf(blocks: Pick<ReadonlySet<number>, 'has'>): Map<number, Set<number>> {
    const writers = new Map<number, Set<number>>()
    const leavers: FlogEntry[] = []
    for (let lane = 0; lane < this.arena.info.nfree; lane++) {
      for (const entry of this.slots(lane)) {
        const [from, to] = [stripFlags(entry.oldMap), stripFlags(entry.newMap)]
        if (entry.seq === 0 || from === to) continue
        if (blocks.has(from)) leavers.push(entry)
        if (!blocks.has(to)) continue
        const sectors = writers.get(to)
        if (sectors === undefined) writers.set(to, new Set([entry.lba]))
        else sectors.add(entry.lba)
      }
    }
    for (const { lba, oldMap } of leavers) writers.get(stripFlags(oldMap))?.delete(lba)
    return writers
  }
}

/** Zeros in place of what is lost. */
export function* readFlogGroups(reader: ImageReader, arena: Arena): Sleepable<FlogGroups> {
  const bytes = new Uint8Array(arena.info.nfree * FLOG_GROUP_BYTES)
  yield* reader.readMost(arena.offset + arena.info.logoff, bytes, bytes.length, 'flog')
  return new FlogGroups(arena, new DataView(bytes.buffer))
}
