/**
 * The image that all runs begin with: a small BTT in memory, some of its sectors written.
 *
 * As every run changes a few entries of one known image, the bijection of blocks is checked on these alone: the map entries that were written, and all
 * flog groups, must hold the very blocks that they held before, each once.
 */
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  mapBlock,
  newerOf,
  stripFlags,
} from '@bttkit/btt-format'
import { BttEngine } from '@bttkit/btt'
import type { ArenaInfo, Zeroing } from '@bttkit/interfaces'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'
import type { Access } from './explore-access.ts'
import { describeDeviceAccess } from './explored-accesses.ts'
import { ExploredMemory } from './explored-memory.ts'

export const SECTOR_BYTES = 512
/** The smallest arena, and the page before its info block. */
const IMAGE_BYTES = 16 * 2 ** 20 + 4096
const NFREE = 4
/** LBAs from 0 on that are written; the others never were. Two lines of the map. */
const WRITTEN_SECTORS = 32

/** What each byte of a sector is at the start. */
export function initialFill(lba: number): number {
  return lba < WRITTEN_SECTORS ? 0x80 + lba : 0
}

function engine(): BttEngine {
  return new BttEngine({
    laneTable: (words, { policy }) => new MutexLaneTable(words.subarray(0, -1), policy),
    lockTable: (words) => new MutexLocks(words, 'map-lock'),
    readTracking: (words) => new LocalReadTracking(words),
  })
}

/** One for any number of scenarios: a run is over, and rolled back, before another begins. */
export class ExploredImage {
  readonly memory = new ExploredMemory(IMAGE_BYTES)
  /** How devices on it zero whole sectors. */
  readonly zeroing: Zeroing
  private readonly view = new DataView(this.memory.bytes.buffer)
  private readonly arena: ArenaInfo
  /** By LBA and by lane, at the start. */
  private readonly mappedBefore: Uint32Array
  private readonly freeBefore: readonly number[]

  /** @param zeroing Default: by flags, which is the shorter one, and no kind of write. */
  constructor(zeroing: Zeroing = 'flags') {
    this.zeroing = zeroing
    runAtomic(engine().create(this.memory, { externalLbasize: SECTOR_BYTES, nfree: NFREE }))
    const device = runAtomic(engine().attach(this.memory))
    const [arena] = device.info.arenas
    if (arena === undefined) throw new RangeError('an image has an arena')
    this.arena = arena
    for (let lba = 0; lba < WRITTEN_SECTORS; lba++)
      device.atomic.write(lba, new Uint8Array(SECTOR_BYTES).fill(initialFill(lba)))
    this.memory.mark()
    this.mappedBefore = Uint32Array.from({ length: arena.externalNlba }, (_, lba) => this.mapped(lba))
    this.freeBefore = Array.from({ length: NFREE }, (_, lane) => this.free(lane) ?? -1)
  }

  get namespaceOffset(): number {
    return this.arena.offset
  }

  /** What is wrong with who holds which block, since the start. */
  bijectionProblem(): string | undefined {
    const expected = new Set<number>(this.freeBefore)
    const holders = new Map<number, string>()
    for (const [lane] of this.freeBefore.entries()) {
      const block = this.free(lane)
      if (block === undefined) return `the flog of lane ${lane} has sequence numbers that no write leaves`
      const other = holders.get(block)
      if (other !== undefined) return `block ${block} is free for lane ${lane} and ${other}`
      holders.set(block, `lane ${lane}`)
    }
    for (const lba of this.changedLbas()) {
      expected.add(this.mappedBefore[lba] ?? -1)
      const block = this.mapped(lba)
      const other = holders.get(block)
      if (other !== undefined) return `block ${block} is held by LBA ${lba} and ${other}`
      holders.set(block, `LBA ${lba}`)
    }
    const leaked = [...expected].find((block) => !holders.has(block))
    return leaked === undefined ? undefined : `block ${leaked} is held by nobody`
  }

  /** What a step did to the device, in words. For `formatTrace`. */
  describe(access: Access): string {
    return describeDeviceAccess(access, this.arena)
  }

  /** In their order, so that the sentence does not depend on that of the writes. */
  private changedLbas(): number[] {
    const start = this.arena.offset + this.arena.mapoff
    const end = start + this.arena.externalNlba * MAP_ENTRY_BYTES
    const lbas = new Set<number>()
    for (const range of this.memory.written())
      for (let at = Math.max(range.start, start); at < Math.min(range.end, end); at += MAP_ENTRY_BYTES)
        lbas.add(Math.floor((at - start) / MAP_ENTRY_BYTES))
    return [...lbas].toSorted((a, b) => a - b)
  }

  private mapped(lba: number): number {
    const at = this.arena.offset + this.arena.mapoff + lba * MAP_ENTRY_BYTES
    return mapBlock(this.view.getUint32(at, true), lba)
  }

  /** The free block of a lane by its flog, or `undefined` where that does not add up. */
  private free(lane: number): number | undefined {
    const at = this.arena.offset + this.arena.logoff + lane * FLOG_GROUP_BYTES
    const first = decodeFlogEntry(this.view, at)
    const second = decodeFlogEntry(this.view, at + FLOG_SLOT_BYTES)
    const newer = newerOf(first.seq, second.seq)
    return newer === undefined ? undefined : stripFlags((newer === 0 ? first : second).oldMap)
  }
}
