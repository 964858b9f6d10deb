/** Small images that the engine wrote, and what the checker says of bytes. */
import { BttEngine } from '@bttkit/btt'
import {
  INFO_BLOCK_BYTES,
  MAP_ENTRY_BYTES,
  decodeInfoBlock,
  encodeInfoBlock,
  mapBlock,
  zeroEntry,
  type InfoBlock,
} from '@bttkit/btt-format'
import type { Finding } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'
import { examineImage, type ExamineOptions, type ImageReport } from './index.ts'

/** Of an image of version 1.1. */
export const INFO_OFFSET = 4096
/** The smallest arena that has a page more than it needs. */
export const ARENA_BYTES = 16 * 2 ** 20 + 4096
/** So many sectors were written, from the first on, two of them zeroed again. */
export const WRITTEN_SECTORS = 40

export const engine = new BttEngine({
  laneTable: (words, { policy }) => new MutexLaneTable(words.subarray(0, -1), policy),
  lockTable: (words) => new MutexLocks(words, 'map-lock'),
  readTracking: (words) => new LocalReadTracking(words),
})

export interface Checked {
  readonly report: ImageReport
  readonly findings: readonly Finding[]
}

/** What the checker says of an image. */
export function check(bytes: Uint8Array, options: ExamineOptions = {}): Checked {
  const findings: Finding[] = []
  const provider = new MemoryProvider({ bytes }, 'image')
  const onFinding = (finding: Finding): unknown => findings.push(finding)
  return { report: runAtomic(examineImage(provider, { ...options, onFinding })), findings }
}

/**
 * An image of one arena with four lanes, of which the last was never used; some sectors are written.
 *
 * @param rounds how often: after two, sectors and blocks have different numbers
 */
export function smallImage(externalLbasize: number, rounds = 2): Uint8Array {
  const bytes = new Uint8Array(INFO_OFFSET + ARENA_BYTES)
  const memory = new MemoryProvider({ bytes })
  const uuid = '11111111-2222-3333-4444-555555555555'
  runAtomic(engine.create(memory, { externalLbasize, nfree: 4, uuid }))
  const device = runAtomic(engine.attach(memory, { laneCount: 3 }))
  for (let round = 1; round <= rounds; round++)
    for (let lba = 0; lba < WRITTEN_SECTORS; lba++)
      runAtomic(device.sleepable.write(lba, new Uint8Array(device.sectorSize).fill(100 * round + lba)))
  runAtomic(device.sleepable.close())
  // By their flags, for sectors of every size.
  const view = new DataView(bytes.buffer, INFO_OFFSET + infoOf(bytes, INFO_OFFSET).mapoff)
  for (const premap of [3, 4]) {
    const at = premap * MAP_ENTRY_BYTES
    view.setUint32(at, zeroEntry(mapBlock(view.getUint32(at, true), premap)), true)
  }
  return bytes
}

export function infoOf(bytes: Uint8Array, offset: number): InfoBlock {
  return decodeInfoBlock(bytes.subarray(offset, offset + INFO_BLOCK_BYTES))
}

/** Stores an info block and its backup, with the checksum that they should have. */
export function storeInfo(bytes: Uint8Array, offset: number, info: InfoBlock): void {
  const block = encodeInfoBlock(info)
  bytes.set(block, offset)
  bytes.set(block, offset + info.info2off)
}

/** Two arenas of that kind, which Linux accepts: the distance to the next one may be any that leaves room. */
export function twoArenas(externalLbasize: number): Uint8Array {
  const one = smallImage(externalLbasize)
  const both = new Uint8Array(INFO_OFFSET + 2 * ARENA_BYTES)
  both.set(one)
  both.set(one.subarray(INFO_OFFSET), INFO_OFFSET + ARENA_BYTES)
  storeInfo(both, INFO_OFFSET, { ...infoOf(one, INFO_OFFSET), nextoff: ARENA_BYTES })
  return both
}
