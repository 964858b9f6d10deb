/** What a salvage hands out, and to whom. */
import type { ByteRange, MaybeSleep } from '@bttkit/interfaces'
import type { InfoBlock } from '@bttkit/btt-format'
import type { Certainty, CertaintyReason } from './certainty.ts'

/** How the layout of an arena is known. */
export type LayoutSource =
  /** Its info block at the beginning. */
  | 'primary'
  /** The copy at its end. */
  | 'backup'
  /** The layouts that fit an arena of this BTT were tried out on flog and map. */
  | 'other-arena'
  /** The layouts that anybody makes were tried out on flog and map. */
  | 'inferred'
  /** Numbers that somebody gave; what they leave open was tried out. */
  | 'by-hand'

/** How well flog and map fit a layout. */
export interface LayoutFit {
  /** Whether at least half of the flog says what can be. */
  readonly isFlogRight: boolean
  /** Whether at least half of the map does, and the flog does not contradict all of it. */
  readonly isMapRight: boolean
  /** Groups of the flog that say nothing that can be. */
  readonly badLanes: number
  /** Sectors with a content. */
  readonly written: number
  /** How much is wrong with flog and map by it, blocks without an owner included. 0 is no accident. */
  readonly damages: number
  /** What contradicts it, for people. */
  readonly contradictions: readonly string[]
}

/** A layout that an arena may have. */
export interface ConsideredLayout {
  /** Byte of the storage at which the arena starts. */
  readonly offset: number
  readonly source: LayoutSource
  readonly info: InfoBlock
  readonly fit: LayoutFit
}

/** An arena as it is read. */
export interface SalvagedArena extends ConsideredLayout {
  readonly index: number
  /** The LBA of the device that its first sector has. */
  readonly firstLba: number
  /** Other layouts that were tried out, the best first; at most 8. */
  readonly others: readonly ConsideredLayout[]
}

/** What is salvaged from. */
export interface SalvagedDevice {
  readonly image: string
  readonly sizeBytes: number
  readonly sectorSize: number
  /** Bytes behind each sector that are handed out with it; 0 unless they were asked for. */
  readonly metadataSize: number
  readonly sectorCount: number
  readonly arenas: readonly SalvagedArena[]
}

/** Sectors in a row that are alike. */
export interface SectorRun {
  /** Of the device. */
  readonly lba: number
  readonly count: number
  readonly certainty: Certainty
  readonly reason?: CertaintyReason
  /** Of a duplicate: the block that each of them has, counted in the arena. Of an entry without flags: the one that it names. */
  readonly block?: number
  /** Of one that the medium has lost a part of: where, in bytes of the storage. Zeros are in its place. */
  readonly lost?: readonly ByteRange[]
}

/** A block whose content is no sector's for sure. Those of zeros are not handed out. */
export interface KeptBlock {
  /** Counted in the arena. */
  readonly block: number
  /** Byte among the contents of all that are kept. */
  readonly at: number
  readonly why: KeptWhy
  /** The sectors whose entries name it, at most 1000; of one that is `never-written` the sector of its number. */
  readonly lbas: readonly number[]
  /** How many there are. */
  readonly holders: number
  /** The lanes that have it free. */
  readonly lanes: readonly number[]
  /** What of it the medium has lost, in bytes of the storage; zeros are in its place. */
  readonly lost?: readonly ByteRange[]
}

export type KeptWhy =
  /** Sectors have it, and lanes or other sectors too. */
  | 'duplicate'
  /** It is free: what a sector held before it was last written. */
  | 'free'
  /** It is of a sector that reads as zeros. */
  | 'zeroed'
  | 'marked-lost'
  | 'never-written'
  /** It is nobody's, so it may be the content of a sector that is lost. */
  | 'unreferenced'

/** A write of which the flog knows, and the map not yet. It counts as complete, as for an attach. */
export interface InterruptedWrite {
  readonly lane: number
  /** Of the device. */
  readonly lba: number
  readonly oldBlock: number
  readonly newBlock: number
  /** What the sector was before; its content, if it had one, is that of the old block. */
  readonly before: 'normal' | 'zero' | 'error' | 'initial'
  /** Where the content of the old block is among those that are kept; absent where it is all zeros, or a sector has it. */
  readonly oldAt?: number
}

/**
 * Takes what is salvaged. Called in this order: `begin` once, when the layouts are known; of each arena `beginArena`, then contents and runs of its sectors in ascending order, then blocks, then
 * interrupted writes. Buffers are valid until a call, or its wait, is over. What a call fails with ends the salvage.
 */
export interface SalvageSink {
  begin(device: SalvagedDevice): MaybeSleep
  beginArena(arena: SalvagedArena): MaybeSleep
  /** The contents of sectors in a row, each followed by its metadata if that was asked for. Sectors that are not told of hold zeros. */
  sectors(lba: number, content: Uint8Array): MaybeSleep
  sectorRun(run: SectorRun): MaybeSleep
  /** The contents of kept blocks; each is as long as that of a sector. @param at as in `KeptBlock` */
  blockContent(at: number, content: Uint8Array): MaybeSleep
  keptBlock(block: KeptBlock): MaybeSleep
  interruptedWrite(write: InterruptedWrite): MaybeSleep
}
