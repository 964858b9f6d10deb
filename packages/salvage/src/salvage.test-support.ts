/** Salvaging into memory, and what sectors held before an image was damaged. */
import { BttEngine } from '@bttkit/btt'
import { INFO_BLOCK_BYTES, decodeInfoBlock, encodeInfoBlock, type InfoBlock } from '@bttkit/btt-format'
import { isBttkitError, type PmemProvider } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'
import {
  salvage,
  type InterruptedWrite,
  type KeptBlock,
  type SalvageOptions,
  type SalvageReport,
  type SalvageSink,
  type SalvagedArena,
  type SalvagedDevice,
  type SectorRun,
} from './index.ts'

export const engine = new BttEngine({
  laneTable: (words, { policy }) => new MutexLaneTable(words.subarray(0, -1), policy),
  lockTable: (words) => new MutexLocks(words, 'map-lock'),
  readTracking: (words) => new LocalReadTracking(words),
})

/** A kept block of an arena. */
export interface KeptInArena extends KeptBlock {
  readonly arena: number
}

/** Keeps all that it gets. */
export class MemorySink implements SalvageSink {
  device: SalvagedDevice | undefined
  readonly arenas: SalvagedArena[] = []
  readonly runs: SectorRun[] = []
  readonly blocks: KeptInArena[] = []
  readonly writes: InterruptedWrite[] = []
  image = new Uint8Array(0)
  private readonly contents = new Map<number, Uint8Array>()
  private texts: Set<string> | undefined

  begin(device: SalvagedDevice): undefined {
    this.device = device
    this.image = new Uint8Array(device.sectorCount * this.contentBytes)
  }

  beginArena(arena: SalvagedArena): undefined {
    this.arenas.push(arena)
  }

  sectors(lba: number, content: Uint8Array): undefined {
    this.image.set(content, lba * this.contentBytes)
  }

  sectorRun(run: SectorRun): undefined {
    this.runs.push(run)
  }

  blockContent(at: number, content: Uint8Array): undefined {
    for (let from = 0; from < content.length; from += this.contentBytes)
      this.contents.set(at + from, content.slice(from, from + this.contentBytes))
  }

  keptBlock(block: KeptBlock): undefined {
    this.blocks.push({ ...block, arena: this.arenas.length - 1 })
  }

  interruptedWrite(write: InterruptedWrite): undefined {
    this.writes.push(write)
  }

  get contentBytes(): number {
    return (this.device?.sectorSize ?? 0) + (this.device?.metadataSize ?? 0)
  }

  sector(lba: number): Uint8Array {
    return this.image.subarray(lba * this.contentBytes, (lba + 1) * this.contentBytes)
  }

  blockAt(at: number): Uint8Array {
    return this.contents.get(at) ?? new Uint8Array(0)
  }

  /** What a sector is. */
  runOf(lba: number): SectorRun | undefined {
    return this.runs.find((run) => run.lba <= lba && lba < run.lba + run.count)
  }

  /** Each sector with what it is, in order. */
  *standings(): Generator<readonly [lba: number, run: SectorRun]> {
    for (const run of this.runs) for (let i = 0; i < run.count; i++) yield [run.lba + i, run]
  }

  /** Whether some kept block has this content. */
  hasBlock(content: Uint8Array): boolean {
    return this.keptTexts().has(textOf(content))
  }

  /** Whether some sector has it, its own or not. */
  hasSector(content: Uint8Array): boolean {
    return Array.from({ length: this.device?.sectorCount ?? 0 }, (_, lba) => this.sector(lba)).some(
      (sector) => Buffer.compare(sector, content) === 0,
    )
  }

  private keptTexts(): ReadonlySet<string> {
    this.texts ??= new Set([...this.contents.values()].map(textOf))
    return this.texts
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

export interface Salvaged {
  readonly sink: MemorySink
  readonly report: SalvageReport
}

export function salvageFrom(provider: PmemProvider, options: SalvageOptions = {}): Salvaged {
  const sink = new MemorySink()
  return { report: runAtomic(salvage(provider, sink, options)), sink }
}

/** Salvages from bytes that must not change. */
export function salvageBytes(bytes: Uint8Array, options: SalvageOptions = {}): Salvaged {
  return salvageFrom(new MemoryProvider({ bytes, readOnly: true }, 'image'), options)
}

export type Sector = Uint8Array | 'lost'

/** What the sectors hold after an attach for writing, which recovers. */
export function sectorsOf(bytes: Uint8Array): Sector[] {
  const device = runAtomic(engine.attach(new MemoryProvider({ bytes })))
  return Array.from({ length: device.sectorCount }, (_, lba) => {
    const sector = new Uint8Array(device.sectorSize)
    try {
      runAtomic(device.sleepable.read(lba, sector))
    } catch (error) {
      if (!isBttkitError(error) || error.code !== 'BTT_SECTOR_ERROR') throw error
      return 'lost'
    }
    return sector
  })
}

export function infoAt(bytes: Uint8Array, offset: number): InfoBlock {
  return decodeInfoBlock(bytes.subarray(offset, offset + INFO_BLOCK_BYTES))
}

/** What is wrong with a salvage. All three are LBAs. */
export interface Faults {
  /** Sectors that are called certain or likely, and are what they never were. */
  readonly foreign: readonly number[]
  /** Contents that are not found anywhere. */
  readonly hidden: readonly number[]
}

/** @param bases what sectors may hold: images as they were before the damage. The first is what must be found. */
export function faultsOf({ sink }: Salvaged, bases: readonly (readonly Sector[])[]): Faults {
  const foreign: number[] = []
  const hidden: number[] = []
  for (const [lba, { certainty }] of sink.standings()) {
    const sector = sink.sector(lba)
    const isHeld = (held: Sector | undefined): boolean =>
      held instanceof Uint8Array && Buffer.compare(held, sector) === 0
    const isOwn = certainty === 'certain' || certainty === 'likely'
    if (isOwn && !bases.some((base) => isHeld(base[lba]))) foreign.push(lba)
    const wanted = bases[0]?.[lba]
    if (!(wanted instanceof Uint8Array) || isHeld(wanted) || wanted.every((byte) => byte === 0)) continue
    if (!sink.hasBlock(wanted) && !sink.hasSector(wanted)) hidden.push(lba)
  }
  return { foreign, hidden }
}

/** Of an image of version 1.1. */
export const INFO_OFFSET = 4096
/** Of each of the small images. */
export const ARENA_BYTES = 16 * 2 ** 20 + 4096
/** So many sectors of a small image were written, from the first on. */
export const WRITTEN_SECTORS = 200

/** An image of one arena with four lanes, whose first sectors were written twice, so that sectors and blocks have different numbers. No two contents are the same. */
export function smallImage(externalLbasize: number): Uint8Array {
  const bytes = new Uint8Array(INFO_OFFSET + ARENA_BYTES)
  const memory = new MemoryProvider({ bytes })
  const uuid = '11111111-2222-3333-4444-555555555555'
  runAtomic(engine.create(memory, { externalLbasize, nfree: 4, uuid }))
  const device = runAtomic(engine.attach(memory))
  for (let round = 1; round <= 2; round++)
    for (let lba = 0; lba < WRITTEN_SECTORS; lba++)
      runAtomic(device.sleepable.write(lba, contentOf(device.sectorSize, round, lba)))
  runAtomic(device.sleepable.close())
  return bytes
}

function contentOf(length: number, round: number, lba: number): Uint8Array {
  const content = new Uint8Array(length).fill(round)
  new DataView(content.buffer).setUint32(0, lba * 8 + round)
  return content
}

/** Stores an info block and its backup, with the checksum that they should have. */
export function storeInfo(bytes: Uint8Array, offset: number, info: InfoBlock): void {
  const block = encodeInfoBlock(info)
  bytes.set(block, offset)
  bytes.set(block, offset + info.info2off)
}

export function wipeInfo(bytes: Uint8Array, offset: number, info = infoAt(bytes, offset)): void {
  bytes.fill(0, offset, offset + INFO_BLOCK_BYTES)
  bytes.fill(0, offset + info.info2off, offset + info.info2off + INFO_BLOCK_BYTES)
}

/** Two small arenas, one behind the other. The contents of the second are those of the first, but for their last byte. */
export function twoArenas(externalLbasize: number): Uint8Array {
  const one = smallImage(externalLbasize)
  const info = infoAt(one, INFO_OFFSET)
  const both = new Uint8Array(INFO_OFFSET + 2 * ARENA_BYTES)
  both.set(one)
  both.set(one.subarray(INFO_OFFSET), INFO_OFFSET + ARENA_BYTES)
  storeInfo(both, INFO_OFFSET, { ...info, nextoff: ARENA_BYTES })
  const second = INFO_OFFSET + ARENA_BYTES + info.dataoff
  for (let block = 0; block < info.internalNlba; block++) {
    const at = second + block * info.internalLbasize
    if (both[at + 3] !== 0) both[at + 511] = 0xaa
  }
  return both
}
