/**
 * The map of an arena, and the bijection: every internal block belongs to exactly one sector or is free in exactly one lane.
 *
 * Memory: a bit a block; a second one where blocks are used twice, and a third to find out by whom, for which the map is read again.
 */
import type { Sleepable } from '@bttkit/interfaces'
import {
  Bitmap,
  MAP_ENTRY_BYTES,
  mapBlock,
  mapBytes,
  mapState,
  stripFlags,
  type MapState,
} from '@bttkit/btt-format'
import type { FlogReading } from './check-flog.ts'
import type { Arena, CheckRun } from './check-run.ts'
import type { FindingCode } from './finding-kinds.ts'
import { entryOffset, type CompletedWrites } from './interrupted-writes.ts'
import { listOf } from './list-of.ts'
import type { SectorsObserver } from './observe-image.ts'
import { readMap, type MapVisitor } from './read-map.ts'

/** How many sectors are in each state; `unknown` where the map cannot be read. */
export type SectorCounts = Readonly<Record<MapState | 'unknown', number>>

/** Of the sectors that have one block. */
const MOST_HOLDERS = 1000
/** The states of map entries by number, of which there are four, and one for sectors without an entry. */
const [INITIAL, ERROR, UNKNOWN] = [0, 1, 4]

/** Where nobody looks on. */
const NOBODY: SectorsObserver = { runSectors: Infinity, add: () => undefined }

class MapCheck implements MapVisitor {
  private readonly run: CheckRun
  private readonly arena: Arena
  private readonly flog: FlogReading
  private readonly completed: CompletedWrites
  private readonly mapped: Bitmap
  /** Blocks that several sectors have. */
  private mappedAgain: Bitmap | undefined
  /** By state, as in a map entry, and behind them those that nobody knows. */
  private readonly counts = new Int32Array(UNKNOWN + 1)
  /** The same of the run of sectors that is under way. */
  private readonly ofRun = new Int32Array(UNKNOWN + 1)
  private wrongOfRun = 0
  private readonly observer: SectorsObserver

  constructor(run: CheckRun, arena: Arena, flog: FlogReading, completed: CompletedWrites) {
    this.run = run
    this.arena = arena
    this.flog = flog
    this.completed = completed
    this.mapped = new Bitmap(arena.info.internalNlba)
    this.observer = run.observer?.sectors(arena) ?? NOBODY
  }

  *check(): Sleepable<SectorCounts> {
    yield* readMap(this.run, this.arena, this.completed, this)
    yield* this.checkTail()
    yield* this.reportSharedBlocks()
    this.reportLostBlocks()
    const [initial = 0, error = 0, zero = 0, normal = 0, unknown = 0] = this.counts
    return { initial, error, zero, normal, unknown }
  }

  entries(view: DataView, first: number, count: number): void {
    for (const [from, end] of this.runs(first, count)) {
      this.takeEntries(view, first, from, end)
      this.endRun(from)
    }
  }

  hole(first: number, count: number): void {
    for (const [from, end] of this.runs(first, count)) {
      // There are more blocks than sectors, so all are in range.
      this.mapped.addRange(from, end, (block) => {
        this.noteAgain(block)
        this.wrongOfRun++
      })
      this.ofRun[INITIAL] = end - from
      this.endRun(from)
    }
  }

  lost(first: number, count: number): void {
    const lba = this.arena.firstLba + first
    this.run.log.add('map-lost', () => ({
      ...this.place(first),
      count,
      message: `the map cannot be read from LBA ${lba} to ${lba + count - 1}: nobody knows which blocks these sectors have`,
    }))
    for (const [from, end] of this.runs(first, count)) {
      this.ofRun[UNKNOWN] = end - from
      this.endRun(from)
    }
  }

  /** Sectors in runs as the observer wants them. */
  private *runs(first: number, count: number): Generator<readonly [from: number, end: number]> {
    const { runSectors } = this.observer
    for (let from = first; from < first + count;) {
      const end = Math.min(first + count, (Math.floor(from / runSectors) + 1) * runSectors)
      yield [from, end]
      from = end
    }
  }

  /** @param first of the entries in the view */
  private takeEntries(view: DataView, first: number, from: number, end: number): void {
    const { mapped, ofRun } = this
    const { internalNlba } = this.arena.info
    for (let premap = from; premap < end; premap++) {
      const entry = view.getUint32((premap - first) * MAP_ENTRY_BYTES, true)
      const state = entry >>> 30
      ofRun[state] = (ofRun[state] ?? 0) + 1
      const block = mapBlock(entry, premap)
      let isWrong = state <= ERROR && this.takeUnusual(entry, premap, block)
      if (block >= internalNlba) {
        this.reportRange(premap, block)
        isWrong = true
      } else if (!mapped.add(block)) {
        this.noteAgain(block)
        isWrong = true
      }
      if (isWrong) this.wrongOfRun++
    }
  }

  /** Adds what was counted since the last call to the counts of the arena. */
  private endRun(first: number): void {
    const { ofRun, counts, wrongOfRun: wrong } = this
    const [initial = 0, error = 0, zero = 0, normal = 0, unknown = 0] = ofRun
    for (const [state, count] of ofRun.entries()) counts[state] = (counts[state] ?? 0) + count
    this.observer.add({ first, initial, error, zero, normal, unknown, wrong })
    ofRun.fill(0)
    this.wrongOfRun = 0
  }

  /** Entries in the states `initial` and `error`. @returns whether nobody writes such */
  private takeUnusual(entry: number, premap: number, block: number): boolean {
    if (mapState(entry) === 'error') {
      this.add('sector-lost', premap, block, 'is marked as lost: reading it fails, writing it makes it good')
      return false
    }
    if (entry === 0) return false
    const problem = `has a map entry without flags that names block ${stripFlags(entry)}, which nobody writes; it counts as never written`
    this.add('map-state', premap, block, problem)
    return true
  }

  private reportRange(premap: number, block: number): void {
    this.add(
      'map-range',
      premap,
      block,
      `is mapped to block ${block}, and the arena has ${this.arena.info.internalNlba}`,
    )
  }

  private noteAgain(block: number): void {
    this.mappedAgain ??= new Bitmap(this.arena.info.internalNlba)
    this.mappedAgain.add(block)
  }

  private *checkTail(): Sleepable<void> {
    const { info, index } = this.arena
    const used = info.externalNlba * MAP_ENTRY_BYTES
    const offset = this.arena.offset + info.mapoff + used
    const length = Math.min(mapBytes(info.externalNlba), info.logoff - info.mapoff) - used
    if (length <= 0) return
    const tail = yield* this.run.reader.read(offset, length, 'map')
    const at = tail?.findIndex((byte) => byte !== 0) ?? -1
    if (at === -1) return
    const message = 'the rest of the last page of the map is not zero; nothing reads it'
    this.run.log.add('map-tail', () => ({ arena: index, offset: offset + at, message }))
  }

  /** Blocks that several sectors have, or a sector and a lane. */
  private *reportSharedBlocks(): Sleepable<void> {
    const { log } = this.run
    const holders = new Map<number, number[]>()
    const suspect = (code: FindingCode, block: number, room: number): void => {
      if (room > 0) holders.set(block, [])
      else log.addUnlisted(code, 1)
    }
    let room = log.roomFor('map-duplicate')
    for (const block of this.mappedAgain?.members() ?? []) suspect('map-duplicate', block, room--)
    room = log.roomFor('map-free')
    for (const block of this.flog.free.keys()) if (this.mapped.has(block)) suspect('map-free', block, room--)
    if (holders.size === 0) return
    yield* this.nameHolders(holders)
    for (const [block, premaps] of holders) this.reportHolders(block, premaps)
  }

  private reportHolders(block: number, premaps: readonly number[]): void {
    const { log } = this.run
    const lbas = premaps.map((premap) => this.arena.firstLba + premap)
    const lanes = this.flog.free.get(block)
    const [first] = premaps
    const place = first === undefined ? { arena: this.arena.index } : this.place(first)
    if (this.mappedAgain?.has(block) === true) {
      const writer = this.completingLane(premaps, block)
      const completing =
        writer.lane === undefined ? '' : `, when the write of lane ${writer.lane} is completed`
      const message = `block ${block} is mapped by ${lbas.length} sectors: LBA ${listOf(lbas)}${completing}`
      log.add('map-duplicate', () => ({ ...place, block, lbas, ...writer, message }))
    }
    if (lanes === undefined) return
    const [lane] = lanes
    const message = `block ${block} is mapped by LBA ${listOf(lbas)}, and free in lane ${listOf(lanes)}, which will overwrite it`
    log.add('map-free', () => ({
      ...place,
      ...(lane !== undefined && { lane }),
      block,
      lbas,
      lanes,
      message,
    }))
  }

  /** The lane whose interrupted write would make the block that of one of these sectors, if one would. */
  private completingLane(premaps: readonly number[], block: number): { lane?: number } {
    for (const premap of premaps) {
      const write = this.completed.get(premap)
      if (write?.block === block) return { lane: write.lane }
    }
    return {}
  }

  /** Reads the map again. */
  private *nameHolders(holders: ReadonlyMap<number, number[]>): Sleepable<void> {
    const { externalNlba, internalNlba } = this.arena.info
    const suspects = new Bitmap(internalNlba)
    for (const block of holders.keys()) suspects.add(block)
    const take = (premap: number, block: number): void => {
      const premaps = suspects.has(block) ? holders.get(block) : undefined
      if (premaps !== undefined && premaps.length < MOST_HOLDERS) premaps.push(premap)
    }
    this.run.passes.expect(externalNlba)
    yield* readMap(this.run, this.arena, this.completed, {
      entries(view, first, count) {
        for (let i = 0; i < count; i++)
          take(first + i, mapBlock(view.getUint32(i * MAP_ENTRY_BYTES, true), first + i))
      },
      hole(first, count) {
        for (const block of holders.keys()) if (block >= first && block < first + count) take(block, block)
      },
      lost: () => undefined,
    })
  }

  private reportLostBlocks(): void {
    const { log } = this.run
    const { index, offset, info } = this.arena
    for (const block of this.flog.free.keys()) this.mapped.add(block)
    const count = this.mapped.countAbsent()
    let listed = Math.min(count, log.roomFor('block-lost'))
    log.addUnlisted('block-lost', count - listed)
    if (listed === 0) return
    for (const block of this.mapped.absent()) {
      const at = offset + info.dataoff + block * info.internalLbasize
      const message = `block ${block} belongs to no sector and to no lane`
      log.add('block-lost', () => ({ arena: index, block, offset: at, message }))
      if (--listed === 0) break
    }
  }

  private place(premap: number): { arena: number; lba: number; offset: number } {
    const { index, firstLba } = this.arena
    return { arena: index, lba: firstLba + premap, offset: entryOffset(this.arena, premap) }
  }

  private add(code: FindingCode, premap: number, block: number, problem: string): void {
    this.run.log.add(code, () => {
      const place = this.place(premap)
      return { ...place, block, message: `LBA ${place.lba} ${problem}` }
    })
  }
}

/** Checks the map of an arena, and that each block is somebody's. */
export function* checkMap(
  run: CheckRun,
  arena: Arena,
  flog: FlogReading,
  completed: CompletedWrites,
): Sleepable<SectorCounts> {
  return yield* new MapCheck(run, arena, flog, completed).check()
}
