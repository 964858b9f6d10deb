/**
 * The bijection of an image at rest: every internal block belongs to exactly one sector or is free in exactly one lane. From the bytes of map
 * and flog alone, independent of the engine whose work it judges.
 *
 * A write that was interrupted between its flog entry and its map entry is completed here as any attach would do it; it breaks nothing.
 *
 * Memory: two bits a block, whatever the size of the map, which is read in pieces, twice where something is wrong.
 */
import type { ArenaInfo, BttInfo, PmemProvider, Sleepable } from '@bttkit/interfaces'
import { Bitmap, MAP_ENTRY_BYTES, mapBlock, stripFlags } from '@bttkit/btt-format'
import { readFlogGroups, type FlogGroup, type SequenceFault } from './flog-groups.ts'

/** How often something was found, and the first of it. */
export interface Found<T> {
  count: number
  readonly first: T[]
}

/** LBAs are those of the device; blocks and lanes are counted in their arena. */
export interface BijectionReport {
  /** Blocks that several sectors have. */
  readonly mappedTwice: Found<{ arena: number; block: number; lbas: number[] }>
  /** Blocks that a sector has and a lane will write to. */
  readonly mappedAndFree: Found<{ arena: number; block: number; lbas: number[]; lanes: number[] }>
  /** Blocks that several lanes will write to. */
  readonly freeTwice: Found<{ arena: number; block: number; lanes: number[] }>
  /** Blocks that nobody has. */
  readonly leaked: Found<{ arena: number; block: number }>
  /** Lanes whose two flog entries have sequence numbers of which none is the other's successor. */
  readonly sequences: Found<SequenceFault>
  /** Map and flog entries that name blocks, or sectors, which the arena does not have. */
  readonly outOfRange: Found<{ arena: number; lba: number | null; lane: number | null; block: number }>
}

/** A write that the flog has and the map has not. */
interface Pending {
  readonly oldBlock: number
  readonly newBlock: number
}

const MOST_NAMED = 20
/** Of the sectors that have one block. */
const MOST_LBAS = 20
const PIECE_ENTRIES = 2 ** 18

function nothing<T>(): Found<T> {
  return { count: 0, first: [] }
}

function note<T>(found: Found<T>, what: T): void {
  found.count++
  if (found.first.length < MOST_NAMED) found.first.push(what)
}

/** Whether there is nothing in a report. */
export function isBijection(report: BijectionReport): boolean {
  return Object.values(report).every((found: Found<unknown>) => found.count === 0)
}

class ArenaCheck {
  private readonly provider: PmemProvider
  private readonly index: number
  private readonly arena: ArenaInfo
  private readonly firstLba: number
  private readonly report: BijectionReport
  private readonly mapped: Bitmap
  private readonly mappedAgain: Bitmap
  /** The lanes of each free block. */
  private readonly free = new Map<number, number[]>()
  /** Blocks that a lane may have whose flog does not tell. */
  private readonly perhapsFree = new Set<number>()
  /** By LBA. Of several the one counts whose old block the map still has: that block is free in its lane, and no other write can have mapped it. */
  private readonly pending = new Map<number, Pending[]>()

  constructor(
    provider: PmemProvider,
    info: BttInfo,
    index: number,
    arena: ArenaInfo,
    report: BijectionReport,
  ) {
    this.provider = provider
    this.index = index
    this.arena = arena
    this.report = report
    this.firstLba = info.arenas.slice(0, index).reduce((sum, { externalNlba }) => sum + externalNlba, 0)
    this.mapped = new Bitmap(arena.internalNlba)
    this.mappedAgain = new Bitmap(arena.internalNlba)
  }

  *run(): Sleepable<void> {
    const groups = yield* readFlogGroups(this.provider, this.arena, this.arena.nfree)
    for (const group of groups) this.takeGroup(group)
    yield* this.eachEntry((premap, block) => this.takeEntry(premap, block))
    const suspects = this.noteDoubleUse()
    if (suspects.size > 0) yield* this.nameSectors(suspects)
    this.noteLeaks()
  }

  private takeGroup({ lane, sequences, newer, both }: FlogGroup): void {
    const { report, index } = this
    if (newer === undefined) {
      note(report.sequences, { arena: index, lane, sequences })
      for (const { oldMap, newMap } of both) {
        this.perhapsFree.add(stripFlags(oldMap))
        this.perhapsFree.add(stripFlags(newMap))
      }
      return
    }
    const oldBlock = stripFlags(newer.oldMap)
    const newBlock = stripFlags(newer.newMap)
    if (oldBlock >= this.arena.internalNlba || newer.lba >= this.arena.externalNlba) {
      note(report.outOfRange, { arena: index, lba: null, lane, block: oldBlock })
      return
    }
    const lanes = this.free.get(oldBlock)
    if (lanes === undefined) this.free.set(oldBlock, [lane])
    else lanes.push(lane)
    if (oldBlock === newBlock) return
    const pending = this.pending.get(newer.lba)
    if (pending === undefined) this.pending.set(newer.lba, [{ oldBlock, newBlock }])
    else pending.push({ oldBlock, newBlock })
  }

  /** Calls back for every entry of the map, in order, interrupted writes completed. */
  private *eachEntry(take: (premap: number, block: number) => void): Sleepable<void> {
    const { externalNlba, offset, mapoff } = this.arena
    const bytes = new Uint8Array(Math.min(PIECE_ENTRIES, externalNlba) * MAP_ENTRY_BYTES)
    const view = new DataView(bytes.buffer)
    for (let first = 0; first < externalNlba; first += PIECE_ENTRIES) {
      const count = Math.min(PIECE_ENTRIES, externalNlba - first)
      const at = offset + mapoff + first * MAP_ENTRY_BYTES
      const wait = this.provider.read(at, bytes.subarray(0, count * MAP_ENTRY_BYTES))
      if (wait !== undefined) yield wait
      for (let i = 0; i < count; i++) {
        const block = mapBlock(view.getUint32(i * MAP_ENTRY_BYTES, true), first + i)
        const candidates = this.pending.size === 0 ? undefined : this.pending.get(first + i)
        const pending = candidates?.find(({ oldBlock }) => oldBlock === block)
        take(first + i, pending?.newBlock ?? block)
      }
    }
  }

  private takeEntry(premap: number, block: number): void {
    if (block >= this.arena.internalNlba) {
      const lba = this.firstLba + premap
      note(this.report.outOfRange, { arena: this.index, lba, lane: null, block })
    } else if (!this.mapped.add(block)) this.mappedAgain.add(block)
  }

  /** Counts what is used twice; returns the lists of LBAs that are still to be filled, by block. */
  private noteDoubleUse(): Map<number, number[][]> {
    const { report, index: arena } = this
    const toFill = new Map<number, number[][]>()
    const lbasOf = (block: number): number[] => {
      const lbas: number[] = []
      toFill.set(block, [...(toFill.get(block) ?? []), lbas])
      return lbas
    }
    for (const block of this.mappedAgain.members()) {
      report.mappedTwice.count++
      if (report.mappedTwice.first.length < MOST_NAMED)
        report.mappedTwice.first.push({ arena, block, lbas: lbasOf(block) })
    }
    for (const [block, lanes] of this.free) {
      if (lanes.length > 1) note(report.freeTwice, { arena, block, lanes })
      if (!this.mapped.has(block)) continue
      report.mappedAndFree.count++
      if (report.mappedAndFree.first.length < MOST_NAMED)
        report.mappedAndFree.first.push({ arena, block, lbas: lbasOf(block), lanes })
    }
    return toFill
  }

  private *nameSectors(lists: ReadonlyMap<number, readonly number[][]>): Sleepable<void> {
    yield* this.eachEntry((premap, block) => {
      for (const lbas of lists.get(block) ?? []) {
        if (lbas.length < MOST_LBAS) lbas.push(this.firstLba + premap)
      }
    })
  }

  private noteLeaks(): void {
    for (const block of this.mapped.absent()) {
      if (!this.free.has(block) && !this.perhapsFree.has(block))
        note(this.report.leaked, { arena: this.index, block })
    }
  }
}

/** Checks all arenas of an image that nobody writes to at present. Reads only; waits for the storage. */
export function* checkBijection(provider: PmemProvider, info: BttInfo): Sleepable<BijectionReport> {
  const report: BijectionReport = {
    mappedTwice: nothing(),
    mappedAndFree: nothing(),
    freeTwice: nothing(),
    leaked: nothing(),
    sequences: nothing(),
    outOfRange: nothing(),
  }
  for (const [index, arena] of info.arenas.entries())
    yield* new ArenaCheck(provider, info, index, arena, report).run()
  return report
}
