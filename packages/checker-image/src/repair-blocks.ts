/**
 * Flog and map of an arena: interrupted writes are completed, lanes that cannot be believed begin anew, sectors without a block get one that nobody has.
 *
 * A power cut at any store leaves the image no worse, and repairing it again ends the same:
 *
 * 1. Interrupted writes are completed, each by one entry, as an attach does it.
 * 2. Lanes that begin anew are refused from then on (reset-lanes.ts), so nobody attaches for writing before the end. Sectors that keep a shared block as lost are marked.
 * 3. Blocks are copied into blocks that nobody has.
 * 4. Map entries: 4 bytes each, to blocks that nobody has.
 * 5. The lanes begin anew.
 *
 * Lanes, sectors and blocks are assigned in ascending order, so those that are still to be assigned after a power cut get what they would have got.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, errorEntry, normalEntry, stripFlags } from '@bttkit/btt-format'
import type { Arena } from './check-run.ts'
import type { FindingCode } from './finding-kinds.ts'
import { readFlogGroups, type FlogGroups } from './flog-groups.ts'
import { entryOffset } from './interrupted-writes.ts'
import type { Look } from './look.ts'
import { UNIT_BYTES } from './planned-changes.ts'
import type { RepairDraft } from './repair-draft.ts'
import type { RepairOptions } from './repair-plan.ts'
import { refuseLanes, restartLanes, type LaneReset } from './reset-lanes.ts'
import { premapsOf, settleBlock, writersOf, type SectorNeed } from './settle-duplicates.ts'
import { tidyGroups } from './tidy-groups.ts'

/** Lanes that say nothing that can be believed. */
const BAD_LANES = [
  'flog-lost',
  'flog-slots',
  'flog-sequence',
  'flog-range',
] as const satisfies readonly FindingCode[]
/** Of a finding as many holders are named as it lists; with more nobody knows them all. */
const MOST_HOLDERS = 1000

/** A sector that needs a block, and the finding that says so. */
interface NeedySector extends SectorNeed {
  readonly code: FindingCode
}

/** A lane that begins anew; without a block of its own it needs one. */
interface NeedyLane {
  readonly code: FindingCode
  readonly ownBlock?: number | undefined
}

function wordBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(MAP_ENTRY_BYTES)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

class ArenaRepair {
  private readonly draft: RepairDraft
  private readonly look: Look
  private readonly arena: Arena
  private readonly groups: FlogGroups
  private readonly options: RepairOptions
  private readonly lanes = new Map<number, NeedyLane>()
  private readonly sectors = new Map<number, NeedySector>()
  private readonly lostKeepers: { premap: number; block: number }[] = []

  constructor(draft: RepairDraft, look: Look, arena: Arena, groups: FlogGroups, options: RepairOptions) {
    this.draft = draft
    this.look = look
    this.arena = arena
    this.groups = groups
    this.options = options
  }

  *run(): Sleepable<void> {
    const abandoned = this.findContradictedWrites()
    this.completeWrites(abandoned)
    this.needLanes(abandoned)
    this.needSectors()
    yield* this.settleDuplicates(abandoned)
    const resets = this.assignLanes()
    const assigned = this.assignSectors()
    refuseLanes(this.draft, this.groups, resets)
    for (const { premap, block } of this.lostKeepers)
      this.draft.store(entryOffset(this.arena, premap), wordBytes(errorEntry(block)))
    this.draft.endStage()
    yield* this.copyBlocks(assigned)
    this.draft.endStage()
    this.storeEntries(assigned)
    this.draft.endStage()
    tidyGroups(this.draft, this.look, this.arena, this.groups, this.lanes)
    restartLanes(this.draft, this.groups, resets)
  }

  private of(codes: Parameters<Look['of']>[0]): ReturnType<Look['of']> {
    return this.look.of(codes, this.arena.index)
  }

  /**
   * Sectors whose interrupted write cannot be true, by their lanes: it would take a block that another has, and the lane's write before it made another block free. The sector
   * stays with what it had.
   */
  private findContradictedWrites(): Map<number, number> {
    const contested = new Set(this.of(['map-duplicate', 'map-free']).map(({ block }) => block))
    const abandoned = new Map<number, number>()
    for (const { lane = -1, lba = -1, block } of this.of('write-interrupted')) {
      const order = this.groups.inOrder(lane)
      if (!contested.has(block) || order === undefined || order.older.seq === 0) continue
      if (stripFlags(order.older.oldMap) !== block) abandoned.set(lba, lane)
    }
    return abandoned
  }

  /** Of several writes to one sector the last one counts. */
  private completeWrites(abandoned: ReadonlyMap<number, number>): void {
    const { draft, arena } = this
    const blocks = new Map<number, number>()
    for (const { lane, lba = -1, block = -1 } of this.of('write-interrupted')) {
      if (abandoned.has(lba)) continue
      blocks.set(lba, block)
      const place = { arena: arena.index, ...(lane !== undefined && { lane }), lba, block }
      const message = `LBA ${lba}: the write of lane ${lane} to block ${block} is entered in the map`
      draft.note({ code: 'write-interrupted', repair: 'complete-write', ...place, message })
    }
    for (const [lba, block] of blocks)
      draft.store(entryOffset(arena, lba - arena.firstLba), wordBytes(normalEntry(block)))
    draft.endStage()
  }

  private needLanes(abandoned: ReadonlyMap<number, number>): void {
    const { lanes } = this
    for (const { lane = -1, code } of this.of(BAD_LANES)) lanes.set(lane, { code })
    for (const [lba, lane] of abandoned) {
      lanes.set(lane, { code: 'map-duplicate' })
      for (const { lane: other = -1, lba: same } of this.of('write-interrupted'))
        if (same === lba) lanes.set(other, { code: 'map-duplicate' })
    }
    const mapped = this.needLanesOfMapped(abandoned)
    const notInitial = new Map(this.of('flog-not-initial').map(({ lane = -1, block }) => [lane, block]))
    for (const { lanes: sharing = [], block = -1 } of this.of('flog-free-twice')) {
      if (mapped.has(block)) continue
      const [keeper] = sharing
        .filter((lane) => !lanes.has(lane))
        .toSorted((a, b) => Number(notInitial.has(a)) - Number(notInitial.has(b)))
      for (const lane of sharing)
        if (lane !== keeper && !lanes.has(lane)) lanes.set(lane, { code: 'flog-free-twice' })
    }
    for (const [lane, ownBlock] of notInitial)
      if (!lanes.has(lane)) lanes.set(lane, { code: 'flog-not-initial', ownBlock })
    if (this.options.rewriteLog === true && lanes.size === 0) this.needAllLanes()
  }

  /** Lanes whose free block is a sector's. Returns these blocks. */
  private needLanesOfMapped(abandoned: ReadonlyMap<number, number>): Set<number> {
    const mapped = new Set<number>()
    for (const { code, block = -1, lbas = [], lanes: having = [] } of this.of('map-free')) {
      if (lbas.length > 0 && lbas.every((lba) => abandoned.has(lba))) continue
      mapped.add(block)
      for (const lane of having) if (!this.lanes.has(lane)) this.lanes.set(lane, { code })
    }
    return mapped
  }

  private needAllLanes(): void {
    if (this.of('flog-old-slots').length === 0) return
    for (let lane = 0; lane < this.arena.info.nfree; lane++) {
      const ownBlock = this.groups.inOrder(lane)?.newer.oldMap
      this.lanes.set(lane, { code: 'flog-old-slots', ownBlock })
    }
  }

  private needSectors(): void {
    for (const { code, lba = -1, count = 1 } of this.of(['map-range', 'map-lost']))
      for (let i = 0; i < count; i++)
        this.need(code, { premap: lba - this.arena.firstLba + i, entry: errorEntry })
  }

  private need(code: FindingCode, need: SectorNeed): void {
    this.sectors.set(need.premap, { code, ...need })
  }

  private *settleDuplicates(abandoned: ReadonlyMap<number, number>): Sleepable<void> {
    const { draft, arena, options } = this
    const findings = this.of('map-duplicate')
    const shared = new Set<number>()
    const writers = writersOf(this.groups, findings)
    for (const finding of findings) {
      const { block = -1, lbas = [] } = finding
      const premaps = premapsOf(arena, finding).filter((premap) => !abandoned.has(premap + arena.firstLba))
      for (const premap of premaps) shared.add(premap)
      if (premaps.length < 2) continue
      const settled =
        lbas.length >= MOST_HOLDERS
          ? undefined
          : yield* settleBlock(draft.reader, arena, block, premaps, writers.get(block), options.duplicates)
      if (settled === undefined) {
        this.withholdDuplicate(block, lbas)
        continue
      }
      for (const need of settled.needs) this.need('map-duplicate', need)
      if (settled.lostKeeper !== undefined) this.markKeeper(settled.lostKeeper, block)
    }
    this.markOddEntries(shared)
  }

  private withholdDuplicate(block: number, lbas: readonly number[]): void {
    const { index } = this.arena
    const message =
      lbas.length >= MOST_HOLDERS
        ? `block ${block} of arena ${index} is mapped by so many sectors that not all of them are known`
        : `block ${block} of arena ${index} is mapped by LBA ${lbas.join(' and ')}, and nothing tells whose it is: say what to do with --duplicates`
    this.draft.withhold({ code: 'map-duplicate', arena: index, block, message })
  }

  private markKeeper(premap: number, block: number): void {
    const { draft, arena } = this
    const lba = arena.firstLba + premap
    this.lostKeepers.push({ premap, block })
    const message = `LBA ${lba}: keeps block ${block}, and is marked as lost`
    draft.note({ code: 'map-duplicate', repair: 'settle-duplicate', arena: arena.index, lba, block, message })
  }

  /** Entries that nobody writes, of sectors whose own block is nobody else's: they keep it. */
  private markOddEntries(shared: ReadonlySet<number>): void {
    const { draft, arena } = this
    for (const { code, lba = -1 } of this.of('map-state')) {
      const premap = lba - arena.firstLba
      if (shared.has(premap)) continue
      this.lostKeepers.push({ premap, block: premap })
      const message = `LBA ${lba}: gets block ${premap}, and is marked as lost`
      draft.note({ code, repair: 'mark-sector-lost', arena: arena.index, lba, block: premap, message })
    }
  }

  private readonly pool: Iterator<number, undefined> = this.freeBlocks();

  /** Blocks that nobody has, ascending. */
  private *freeBlocks(): Generator<number, undefined> {
    for (const { block } of this.of('block-lost')) if (block !== undefined) yield block
  }

  private assignLanes(): LaneReset[] {
    const { draft, arena } = this
    const isLost = new Set(this.of('flog-lost').map(({ lane }) => lane))
    const resets: LaneReset[] = []
    for (const [lane, { code, ownBlock }] of [...this.lanes].toSorted(([a], [b]) => a - b)) {
      const block = ownBlock ?? this.pool.next().value
      if (block === undefined) continue
      resets.push({ lane, block, isLost: isLost.has(lane) })
      const free = stripFlags(block)
      const repair = code === 'flog-old-slots' ? 'rewrite-flog' : 'reset-lane'
      const message = `lane ${lane}: has block ${free} free, and its flog begins anew`
      draft.note({
        code,
        repair,
        arena: arena.index,
        lane,
        block: free,
        offset: this.groups.offsetOf(lane),
        message,
      })
    }
    return resets
  }

  private assignSectors(): Map<number, readonly [need: NeedySector, block: number]> {
    const { draft, arena } = this
    const assigned = new Map<number, readonly [NeedySector, number]>()
    for (const [premap, need] of [...this.sectors].toSorted(([a], [b]) => a - b)) {
      const block = this.pool.next().value
      if (block === undefined) break
      assigned.set(premap, [need, block])
      const lba = arena.firstLba + premap
      const fate =
        need.copyOf !== undefined
          ? `with a copy of block ${need.copyOf}`
          : need.entry === errorEntry
            ? 'and is marked as lost'
            : 'and reads as zeros, as before'
      const repair = need.code === 'map-duplicate' ? 'settle-duplicate' : 'mark-sector-lost'
      const message = `LBA ${lba}: gets block ${block}, ${fate}`
      draft.note({ code: need.code, repair, arena: arena.index, lba, block, message })
    }
    return assigned
  }

  private *copyBlocks(assigned: ReadonlyMap<number, readonly [NeedySector, number]>): Sleepable<void> {
    const { offset, info } = this.arena
    for (const [premap, [{ copyOf }, block]] of assigned) {
      if (copyOf === undefined) continue
      const at = (of: number): number => offset + info.dataoff + of * info.internalLbasize
      const bytes = yield* this.draft.reader.read(at(copyOf), info.internalLbasize, 'data')
      if (bytes !== undefined) this.draft.store(at(block), bytes)
      // What cannot be read cannot be copied: it is as lost as its sector says then.
      else this.need('map-duplicate', { premap, entry: errorEntry })
    }
  }

  private storeEntries(assigned: ReadonlyMap<number, readonly [NeedySector, number]>): void {
    const entryOf = (premap: number, block: number): number =>
      this.sectors.get(premap)?.entry(block) ?? errorEntry(block)
    for (const { lba = -1, count = 1 } of this.of('map-lost'))
      this.storeLostEntries(lba - this.arena.firstLba, count, assigned)
    for (const [premap, [{ code }, block]] of assigned)
      if (code !== 'map-lost')
        this.draft.store(entryOffset(this.arena, premap), wordBytes(entryOf(premap, block)))
  }

  /** The medium becomes good again where whole units are stored. */
  private storeLostEntries(
    first: number,
    count: number,
    assigned: ReadonlyMap<number, readonly [NeedySector, number]>,
  ): void {
    const { arena, draft } = this
    const from = entryOffset(arena, first)
    const start = Math.floor(from / UNIT_BYTES) * UNIT_BYTES
    const end = Math.ceil((from + count * MAP_ENTRY_BYTES) / UNIT_BYTES) * UNIT_BYTES
    const bytes = new Uint8Array(end - start)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < count; i++) {
      const block = assigned.get(first + i)?.[1]
      if (block === undefined) return
      view.setUint32(from - start + i * MAP_ENTRY_BYTES, errorEntry(block), true)
    }
    draft.store(start, bytes)
  }
}

/** Codes of what is done here. */
const BLOCK_CODES: readonly FindingCode[] = [
  ...BAD_LANES,
  'flog-padding',
  'flog-older-range',
  'flog-not-initial',
  'flog-free-twice',
  'write-interrupted',
  'map-lost',
  'map-range',
  'map-state',
  'map-duplicate',
  'map-free',
]

/** Plans what puts map and flog of all arenas in order. */
export function* repairBlocks(draft: RepairDraft, look: Look, options: RepairOptions): Sleepable<void> {
  for (const arena of look.arenas) {
    const rewrites = options.rewriteLog === true && look.has('flog-old-slots', arena.index)
    if (!rewrites && !look.has(BLOCK_CODES, arena.index)) continue
    const groups = yield* readFlogGroups(draft.reader, arena)
    yield* new ArenaRepair(draft, look, arena, groups, options).run()
  }
}
