/** The flog of an arena: what each lane wrote last, and which block it has free. */
import type { Sleepable } from '@bttkit/interfaces'
import {
  CURRENT_SLOTS,
  FLOG_GROUP_BYTES,
  FLOG_SLOTS,
  FLOG_SLOT_BYTES,
  OLD_SLOTS,
  decodeFlogEntry,
  hasErrorFlag,
  newerOf,
  stripFlags,
  usedSlots,
  type FlogEntry,
  type FlogSlots,
} from '@bttkit/btt-format'
import type { Arena, CheckRun } from './check-run.ts'
import type { FindingCode } from './finding-kinds.ts'
import type { FindingDetails, FindingLog } from './finding-log.ts'

/** What a lane wrote last. Blocks without flags. */
interface LaneWrite {
  readonly lane: number
  readonly premap: number
  /** The lane's free block now. */
  readonly oldBlock: number
  readonly newBlock: number
}

/** What a flog says, as far as it says anything that can be. */
export interface FlogReading {
  /** The lanes that have a block free, by that block. More than one is reported already. */
  readonly free: ReadonlyMap<number, readonly number[]>
  /** By the sector that was written (of the arena), in the order of the lanes. Lanes that never wrote are not there. */
  readonly writes: ReadonlyMap<number, readonly LaneWrite[]>
}

/** Which slots of a group are not all zeros: a bit each. */
const ONLY_FIRST = 0b0001
const CURRENT = 0b0011
const OLD = 0b0101

/** Byte of each field in a slot. */
const FIELD_AT = { lba: 0, oldMap: 4, newMap: 8, seq: 12 } as const

class FlogCheck {
  private readonly log: FindingLog
  private readonly arena: Arena
  private readonly view: DataView
  private readonly lost: ReadonlySet<number>
  readonly slots: FlogSlots
  private readonly free = new Map<number, number[]>()
  private readonly writes = new Map<number, LaneWrite[]>()
  private lanesWithFlags = 0

  constructor(log: FindingLog, arena: Arena, view: DataView, lost: ReadonlySet<number>) {
    this.log = log
    this.arena = arena
    this.view = view
    this.lost = lost
    this.slots = this.detectSlots()
  }

  run(): FlogReading {
    const { nfree } = this.arena.info
    if (this.slots === OLD_SLOTS) {
      const message = 'the flog uses slots 0 and 2, as Linux did before 4.15'
      this.log.add('flog-old-slots', () => ({ arena: this.arena.index, offset: this.at(0), message }))
    }
    for (let lane = 0; lane < nfree; lane++) {
      if (this.lost.has(lane)) this.add('flog-lost', lane, 0, 'its flog cannot be read')
      else this.checkLane(lane)
    }
    this.reportSharedBlocks()
    if (this.lanesWithFlags > 0) {
      const message = `the flogs of ${this.lanesWithFlags} lanes have map flags in their block numbers, as libpmemblk writes them`
      this.log.add('flog-map-flags', () => ({ arena: this.arena.index, offset: this.at(0), message }))
    }
    return { free: this.free, writes: this.writes }
  }

  /** Linux goes by the first group that tells; here most groups decide, so that one that is wrong does not make all the others wrong. */
  private detectSlots(): FlogSlots {
    let [current, old] = [0, 0]
    for (let lane = 0; lane < this.arena.info.nfree; lane++) {
      const used = this.lost.has(lane) ? ONLY_FIRST : usedSlots(this.view, lane * FLOG_GROUP_BYTES)
      if (used === CURRENT) current++
      else if (used === OLD) old++
    }
    return old > current ? OLD_SLOTS : CURRENT_SLOTS
  }

  private checkLane(lane: number): void {
    const used = usedSlots(this.view, lane * FLOG_GROUP_BYTES)
    if (!this.areSlotsRight(lane, used)) return
    const [first, second] = [this.entry(lane, this.slots.first), this.entry(lane, this.slots.second)]
    const which = newerOf(first.seq, second.seq)
    if (which === undefined) {
      const problem = `its flog has the sequence numbers ${first.seq} and ${second.seq}, and no write leaves them so`
      this.add('flog-sequence', lane, FIELD_AT.seq, problem)
      return
    }
    const [newer, older] = which === 0 ? [first, second] : [second, first]
    const [newerSlot, olderSlot] =
      which === 0 ? [this.slots.first, this.slots.second] : [this.slots.second, this.slots.first]
    const isInRange = this.isInRange('flog-range', lane, newerSlot, newer)
    if (this.isInRange('flog-older-range', lane, olderSlot, older))
      this.noteHalfWritten(lane, olderSlot, newer, older)
    if (isInRange) this.takeNewer(lane, newerSlot, newer, older)
  }

  /** Whether the group uses the slots that the device uses. What is in others is no reason not to read it. */
  private areSlotsRight(lane: number, used: number): boolean {
    const { second } = this.slots
    const expected = second === 1 ? CURRENT : OLD
    if ((used & ONLY_FIRST) === 0) {
      this.add(
        'flog-slots',
        lane,
        0,
        used === 0 ? 'its flog is all zeros' : 'the first slot of its flog is all zeros',
      )
      return false
    }
    if ((used & ~expected) === 0) return true
    if ((used | OLD) === OLD || (used | CURRENT) === CURRENT) {
      this.add(
        'flog-slots',
        lane,
        0,
        `its flog uses other slots than those of the other lanes, which use 0 and ${second}`,
      )
      return false
    }
    for (let slot = 0; slot < FLOG_SLOTS; slot++) {
      if ((used & ~expected & (1 << slot)) === 0) continue
      this.add(
        'flog-padding',
        lane,
        slot * FLOG_SLOT_BYTES,
        `slot ${slot} of its flog is not in use, and not zero`,
      )
    }
    return true
  }

  private isInRange(code: FindingCode, lane: number, slot: number, entry: FlogEntry): boolean {
    const { externalNlba, internalNlba } = this.arena.info
    const which = code === 'flog-range' ? 'newer' : 'older'
    const problems: [at: number, problem: string][] = []
    if (entry.lba >= externalNlba)
      problems.push([FIELD_AT.lba, `names LBA ${entry.lba}, and the arena has ${externalNlba}`])
    for (const field of ['oldMap', 'newMap'] as const) {
      const block = stripFlags(entry[field])
      if (block >= internalNlba)
        problems.push([FIELD_AT[field], `names block ${block}, and the arena has ${internalNlba}`])
    }
    const [first] = problems
    if (first === undefined) return true
    const all = problems.map(([, problem]) => problem).join('; ')
    this.add(code, lane, slot * FLOG_SLOT_BYTES + first[0], `the ${which} slot of its flog ${all}`)
    return false
  }

  private takeNewer(lane: number, slot: number, newer: FlogEntry, older: FlogEntry): void {
    const oldBlock = stripFlags(newer.oldMap)
    const newBlock = stripFlags(newer.newMap)
    const lanes = this.free.get(oldBlock)
    if (lanes === undefined) this.free.set(oldBlock, [lane])
    else lanes.push(lane)
    if (hasErrorFlag(newer.oldMap)) {
      const problem = `its free block ${oldBlock} is known to be bad; it is cleared before it is used`
      this.add('flog-free-error', lane, slot * FLOG_SLOT_BYTES + FIELD_AT.oldMap, problem, oldBlock)
    }
    const isPlain = oldBlock === newer.oldMap || hasErrorFlag(newer.oldMap)
    if (!isPlain || newBlock !== newer.newMap) this.lanesWithFlags++
    if (oldBlock !== newBlock) {
      const write = { lane, premap: newer.lba, oldBlock, newBlock }
      const writes = this.writes.get(newer.lba)
      if (writes === undefined) this.writes.set(newer.lba, [write])
      else writes.push(write)
    } else if (slot !== this.slots.first || newer.seq !== 1 || older.seq !== 0) {
      const problem = `its flog says that it wrote to block ${newBlock} what was in it before, which no write does`
      this.add('flog-not-initial', lane, slot * FLOG_SLOT_BYTES + FIELD_AT.newMap, problem, newBlock)
    }
  }

  /** Each write goes to the block that the lane's write before it has made free. Where the older slot says otherwise, its first half is of a write that came no further. */
  private noteHalfWritten(lane: number, slot: number, newer: FlogEntry, older: FlogEntry): void {
    const isUnused = older.seq === 0 && (older.lba | older.oldMap | older.newMap) === 0
    if (isUnused || (older.seq !== 0 && stripFlags(older.oldMap) === stripFlags(newer.newMap))) return
    const problem = 'the older slot of its flog was written by half; nothing reads it'
    this.add('flog-half-written', lane, slot * FLOG_SLOT_BYTES, problem)
  }

  private reportSharedBlocks(): void {
    for (const [block, lanes] of this.free) {
      const [lane = 0] = lanes
      if (lanes.length === 1) continue
      this.log.add('flog-free-twice', () => ({
        ...this.place(lane, 0),
        block,
        lanes,
        message: `lanes ${lanes.join(' and ')} have block ${block} free, and only one of them can`,
      }))
    }
  }

  private entry(lane: number, slot: number): FlogEntry {
    return decodeFlogEntry(this.view, lane * FLOG_GROUP_BYTES + slot * FLOG_SLOT_BYTES)
  }

  private at(lane: number): number {
    return this.arena.offset + this.arena.info.logoff + lane * FLOG_GROUP_BYTES
  }

  private place(lane: number, byte: number): Pick<FindingDetails, 'arena' | 'lane' | 'offset'> {
    return { arena: this.arena.index, lane, offset: this.at(lane) + byte }
  }

  private add(code: FindingCode, lane: number, byte: number, problem: string, block?: number): void {
    this.log.add(code, () => ({
      ...this.place(lane, byte),
      ...(block !== undefined && { block }),
      message: `lane ${lane}: ${problem}`,
    }))
  }
}

/** Reads and checks the flog of an arena. */
export function* checkFlog({ reader, log, observer }: CheckRun, arena: Arena): Sleepable<FlogReading> {
  const { offset, info } = arena
  const bytes = new Uint8Array(info.nfree * FLOG_GROUP_BYTES)
  const start = offset + info.logoff
  const lost = new Set<number>()
  for (const range of yield* reader.readMost(start, bytes, bytes.length, 'flog')) {
    const end = range.offset + range.length - start
    for (let at = range.offset - start; at < end; at += FLOG_GROUP_BYTES)
      lost.add(Math.floor(at / FLOG_GROUP_BYTES))
    lost.add(Math.floor((end - 1) / FLOG_GROUP_BYTES))
  }
  const groups = new DataView(bytes.buffer)
  const check = new FlogCheck(log, arena, groups, lost)
  observer?.flog(arena, { groups, lostLanes: lost, slots: check.slots })
  return check.run()
}
