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
import { ArenaNeeds, type NeedySector } from './arena-needs.ts'
import { FINDING_KINDS, type FindingCode } from './finding-kinds.ts'
import { readFlogGroups } from './flog-groups.ts'
import { entryOffset } from './interrupted-writes.ts'
import type { Look } from './look.ts'
import {
  BAD_LANES,
  abandonContradictedWrites,
  needBadLanes,
  needLanesOfOldSlots,
  needSharingLanes,
} from './needy-lanes.ts'
import { markOddEntries, needUnknownSectors, settleDuplicates, settleMappedFree } from './needy-sectors.ts'
import { UNIT_BYTES } from './planned-changes.ts'
import type { RepairDraft } from './repair-draft.ts'
import type { RepairOptions } from './repair-plan.ts'
import { refuseLanes, restartLanes, type LaneReset } from './reset-lanes.ts'
import { tidyGroups } from './tidy-groups.ts'

/** Sectors of the arena with the blocks that they get. */
type Assigned = ReadonlyMap<number, readonly [need: NeedySector, block: number]>

function wordBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(MAP_ENTRY_BYTES)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

function fateOf({ entry, copyOf }: NeedySector): string {
  if (copyOf !== undefined) return `with a copy of block ${copyOf}`
  return entry === errorEntry ? 'and is marked as lost' : 'and reads as zeros, as before'
}

class ArenaRepair {
  private readonly needs: ArenaNeeds
  /** Blocks that nobody has, ascending. */
  private readonly pool: Iterator<number | undefined, undefined>

  constructor(needs: ArenaNeeds) {
    this.needs = needs
    this.pool = needs
      .of('block-lost')
      .map(({ block }) => block)
      .values()
  }

  *run(): Sleepable<void> {
    const { needs } = this
    const { draft, groups } = needs
    abandonContradictedWrites(needs)
    this.completeWrites()
    yield* this.findNeeds()
    const resets = this.assignLanes()
    const assigned = this.assignSectors()
    refuseLanes(draft, groups, resets)
    this.markLostKeepers()
    draft.endStage()
    yield* this.copyBlocks(assigned)
    draft.endStage()
    this.storeEntries(assigned)
    draft.endStage()
    tidyGroups(needs)
    restartLanes(draft, groups, resets)
  }

  private *findNeeds(): Sleepable<void> {
    const { needs } = this
    needBadLanes(needs)
    needUnknownSectors(needs)
    const shared = yield* settleDuplicates(needs)
    markOddEntries(needs, shared)
    needSharingLanes(needs, yield* settleMappedFree(needs, shared))
    needLanesOfOldSlots(needs)
  }

  /** Of several writes to one sector the last one counts. */
  private completeWrites(): void {
    const { draft, arena, abandoned } = this.needs
    const blocks = new Map<number, number>()
    for (const { lane, lba = -1, block = -1 } of this.needs.of('write-interrupted')) {
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

  private assignLanes(): LaneReset[] {
    const { draft, arena, groups, lanes } = this.needs
    const isLost = new Set(this.needs.of('flog-lost').map(({ lane }) => lane))
    const resets: LaneReset[] = []
    for (const [lane, { code, ownBlock }] of [...lanes].toSorted(([a], [b]) => a - b)) {
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
        offset: groups.offsetOf(lane),
        message,
      })
    }
    return resets
  }

  private assignSectors(): Assigned {
    const { draft, arena, sectors } = this.needs
    const assigned = new Map<number, readonly [NeedySector, number]>()
    for (const [premap, need] of [...sectors].toSorted(([a], [b]) => a - b)) {
      const block = this.pool.next().value
      if (block === undefined) break
      assigned.set(premap, [need, block])
      const lba = arena.firstLba + premap
      const repair = need.code === 'map-duplicate' ? 'settle-duplicate' : 'mark-sector-lost'
      const message = `LBA ${lba}: gets block ${block}, ${fateOf(need)}`
      draft.note({ code: need.code, repair, arena: arena.index, lba, block, message })
    }
    return assigned
  }

  private markLostKeepers(): void {
    const { draft, arena, lostKeepers } = this.needs
    for (const { code, premap, block } of lostKeepers) {
      const lba = arena.firstLba + premap
      draft.store(entryOffset(arena, premap), wordBytes(errorEntry(block)))
      const repair = FINDING_KINDS[code].repair ?? 'mark-sector-lost'
      const message = `LBA ${lba}: keeps block ${block}, and is marked as lost`
      draft.note({ code, repair, arena: arena.index, lba, block, message })
    }
  }

  private *copyBlocks(assigned: Assigned): Sleepable<void> {
    const { draft, arena, sectors } = this.needs
    const { offset, info } = arena
    for (const [premap, [{ copyOf, code }, block]] of assigned) {
      if (copyOf === undefined) continue
      const at = (of: number): number => offset + info.dataoff + of * info.internalLbasize
      const bytes = yield* draft.reader.read(at(copyOf), info.internalLbasize, 'data')
      if (bytes !== undefined) draft.store(at(block), bytes)
      // What cannot be read cannot be copied: the sector is as lost as the other one.
      else sectors.set(premap, { code, premap, entry: errorEntry })
    }
  }

  private storeEntries(assigned: Assigned): void {
    const { draft, arena, sectors } = this.needs
    for (const { lba = -1, count = 1 } of this.needs.of('map-lost'))
      this.storeLostEntries(lba - arena.firstLba, count, assigned)
    for (const [premap, [{ code, entry }, block]] of assigned)
      if (code !== 'map-lost')
        draft.store(entryOffset(arena, premap), wordBytes((sectors.get(premap)?.entry ?? entry)(block)))
  }

  /** The medium becomes good again where whole units are stored. */
  private storeLostEntries(first: number, count: number, assigned: Assigned): void {
    const { draft, arena } = this.needs
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
    yield* new ArenaRepair(new ArenaNeeds(draft, look, arena, groups, options)).run()
  }
}
