/** Damaged images, repairing them, and what their sectors hold. */
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  decodeFlogEntry,
  mapBlock,
  newerOf,
  normalEntry,
  stripFlags,
  zeroEntry,
  type FlogEntry,
  type InfoBlock,
} from '@bttkit/btt-format'
import { isBttkitError, type PmemProvider } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { INFO_OFFSET, WRITTEN_SECTORS, engine, infoOf } from './image.test-support.ts'
import { applyRepair, planRepair, type RepairOptions, type RepairPlan } from './index.ts'

/** Plans and repairs. */
export function repair(provider: PmemProvider, options: RepairOptions = {}): RepairPlan {
  const plan = runAtomic(planRepair(provider, options))
  runAtomic(applyRepair(provider, plan))
  return plan
}

/** Repairs bytes in place. */
export function repairBytes(bytes: Uint8Array, options: RepairOptions = {}): RepairPlan {
  return repair(new MemoryProvider({ bytes }, 'image'), options)
}

/** What the sectors that were written hold, and one that was not: a number if all bytes are the same, `lost`, or `torn`. */
export function sectorsOf(provider: PmemProvider): (number | 'lost' | 'torn')[] {
  const device = runAtomic(engine.attach(provider))
  const sector = new Uint8Array(device.sectorSize)
  return Array.from({ length: WRITTEN_SECTORS + 1 }, (_, lba) => {
    try {
      runAtomic(device.sleepable.read(lba, sector))
    } catch (error) {
      if (!isBttkitError(error) || error.code !== 'BTT_SECTOR_ERROR') throw error
      return 'lost'
    }
    return sector.every((byte) => byte === sector[0]) ? (sector[0] ?? 'torn') : 'torn'
  })
}

/** Changes an image of one arena, field by field. */
export class Damage {
  readonly info: InfoBlock
  readonly view: DataView
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.info = infoOf(bytes, INFO_OFFSET)
    this.view = new DataView(bytes.buffer)
  }

  entryAt(premap: number): number {
    return INFO_OFFSET + this.info.mapoff + premap * MAP_ENTRY_BYTES
  }

  groupAt(lane: number): number {
    return INFO_OFFSET + this.info.logoff + lane * FLOG_GROUP_BYTES
  }

  block(premap: number): number {
    return mapBlock(this.view.getUint32(this.entryAt(premap), true), premap)
  }

  setEntry(premap: number, value: number): this {
    this.view.setUint32(this.entryAt(premap), value, true)
    return this
  }

  /** Gives one sector the block of another. */
  share(premap: number, of: number): this {
    return this.setEntry(premap, normalEntry(this.block(of)))
  }

  /** As `share`; the entry says that the sector is zeroed. */
  shareZeroed(premap: number, of: number): this {
    return this.setEntry(premap, zeroEntry(this.block(of)))
  }

  /** The newer entry of a lane, and its byte. */
  newer(lane: number): FlogEntry & { at: number } {
    const at = this.groupAt(lane)
    const [first, second] = [decodeFlogEntry(this.view, at), decodeFlogEntry(this.view, at + FLOG_SLOT_BYTES)]
    return newerOf(first.seq, second.seq) === 0 ? { ...first, at } : { ...second, at: at + FLOG_SLOT_BYTES }
  }

  /** Takes the newest write of a lane out of the map again. */
  interrupt(lane: number): this {
    const { lba, oldMap } = this.newer(lane)
    return this.setEntry(lba, normalEntry(stripFlags(oldMap)))
  }

  setFlogWord(lane: number, word: number, value: number): this {
    this.view.setUint32(this.groupAt(lane) + word * 4, value, true)
    return this
  }

  /** Fills a range of the arena. */
  fill(at: number, length: number, byte = 0): this {
    this.bytes.fill(byte, INFO_OFFSET + at, INFO_OFFSET + at + length)
    return this
  }
}
