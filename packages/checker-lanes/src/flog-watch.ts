import type { ArenaInfo, BttInfo, PmemProvider } from '@bttkit/interfaces'
import { FLOG_GROUP_BYTES, FLOG_SLOT_BYTES, newerOf } from '@bttkit/btt-format'
import type { Found } from './bijection.ts'
import type { SequenceFault } from './flog-groups.ts'

const MOST_NAMED = 20
/** Byte of the sequence number in a slot. */
const SEQUENCE_AT = 12

interface WatchedArena {
  readonly info: ArenaInfo
  readonly bytes: Uint8Array
  readonly view: DataView
}

/**
 * Looks at the flog while a run goes on. At every instant the two sequence numbers of a lane are one and its successor, because the
 * number is stored in one piece; two that are equal were left by two writes that took each other for none. The next write of the lane may
 * hide it again, so the end of the run is too late to look.
 */
export class FlogWatch {
  /** Each lane once. */
  readonly found: Found<SequenceFault> = { count: 0, first: [] }
  private readonly provider: PmemProvider
  private readonly arenas: readonly WatchedArena[]
  private readonly secondSlot: number
  private readonly known = new Set<string>()

  /** @param provider the storage itself, without a layer that preempts */
  constructor(provider: PmemProvider, info: BttInfo, laneCount: number) {
    this.provider = provider
    this.secondSlot = info.format.logLayout === '0,2' ? 2 : 1
    this.arenas = info.arenas.map((arena) => {
      const bytes = new Uint8Array(Math.min(laneCount, arena.nfree) * FLOG_GROUP_BYTES)
      return { info: arena, bytes, view: new DataView(bytes.buffer) }
    })
  }

  /** Looks once, while no task takes a step. Allocates nothing where there is nothing to be seen: it is called very often. */
  async look(): Promise<void> {
    for (const [index, arena] of this.arenas.entries()) {
      await this.read(arena)
      if (!this.isSuspect(index, arena)) continue
      // A store that is under way may have been read half done. It will be over; what is wrong stays.
      await new Promise((resolve) => void setImmediate(resolve))
      await this.read(arena)
      this.noteFaults(index, arena)
    }
  }

  private async read({ info, bytes }: WatchedArena): Promise<void> {
    const wait = this.provider.read(info.offset + info.logoff, bytes)
    if (wait !== undefined) await wait
  }

  /** Whether a lane looks wrong that is not known yet. */
  private isSuspect(index: number, { bytes, view }: WatchedArena): boolean {
    for (let at = 0; at < bytes.length; at += FLOG_GROUP_BYTES) {
      const isNew = this.isWrong(view, at) && !this.known.has(nameOf(index, at / FLOG_GROUP_BYTES))
      if (isNew) return true
    }
    return false
  }

  private noteFaults(arena: number, { bytes, view }: WatchedArena): void {
    for (let at = 0; at < bytes.length; at += FLOG_GROUP_BYTES) {
      if (!this.isWrong(view, at)) continue
      const sequences = [this.sequenceAt(view, at, 0), this.sequenceAt(view, at, this.secondSlot)] as const
      this.note({ arena, lane: at / FLOG_GROUP_BYTES, sequences })
    }
  }

  private isWrong(view: DataView, at: number): boolean {
    const first = this.sequenceAt(view, at, 0)
    return newerOf(first, this.sequenceAt(view, at, this.secondSlot)) === undefined
  }

  private sequenceAt(view: DataView, at: number, slot: number): number {
    return view.getUint32(at + slot * FLOG_SLOT_BYTES + SEQUENCE_AT, true)
  }

  private note(fault: SequenceFault): void {
    const name = nameOf(fault.arena, fault.lane)
    if (this.known.has(name)) return
    this.known.add(name)
    this.found.count++
    if (this.found.first.length < MOST_NAMED) this.found.first.push(fault)
  }
}

function nameOf(arena: number, lane: number): string {
  return `${arena} ${lane}`
}
