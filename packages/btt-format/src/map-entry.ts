/**
 * A map entry: one little-endian u32 for each external LBA of an arena.
 *
 * Bits 0 to 29 are the internal block (the postmap), bit 30 is E and bit 31 is Z (UEFI, BTT Map Entry). The table in the Linux
 * documentation has E and Z the other way round; the code of Linux, PMDK and EDK2 agrees with this.
 */

export const MAP_ENTRY_BYTES = 4

/** The most internal blocks that a map entry can tell apart. */
export const MAX_INTERNAL_NLBA = 2 ** 30

const BLOCK_MASK = 0x3fff_ffff
const ERROR_BIT = 0x4000_0000
const ZERO_BIT = 0x8000_0000

export type MapState =
  /** Z 0, E 0: never written; the entry stands for the block of the LBA's own number, whatever its low bits are. */
  | 'initial'
  /** Z 0, E 1: the content is lost; reading fails, writing makes it good. */
  | 'error'
  /** Z 1, E 0: reads as zeros; the block stays with the LBA. */
  | 'zero'
  /** Z 1, E 1: the content is in the block. */
  | 'normal'

const STATES: readonly MapState[] = ['initial', 'error', 'zero', 'normal']

export function mapState(entry: number): MapState {
  return STATES[entry >>> 30] ?? 'initial'
}

/** The internal block that an entry holds for the LBA `premap`. */
export function mapBlock(entry: number, premap: number): number {
  return entry >>> 30 === 0 ? premap : entry & BLOCK_MASK
}

/** Takes the flags off a block number as a flog stores it: Linux stores none there, PMDK does. */
export function stripFlags(value: number): number {
  return value & BLOCK_MASK
}

/** Whether a flog's old value says that the block was in error. */
export function hasErrorFlag(value: number): boolean {
  return value >>> 30 === 1
}

/** The byte of an entry that has its flags, in its two highest bits. */
const FLAGS_BYTE = 3
const ERROR_FLAGS = 0b01

/** How many of the map entries in these bytes are in the error state. */
export function countErrorEntries(map: Uint8Array): number {
  let errors = 0
  for (let at = FLAGS_BYTE; at < map.length; at += MAP_ENTRY_BYTES) {
    if ((map[at] ?? 0) >>> 6 === ERROR_FLAGS) errors++
  }
  return errors
}

export function normalEntry(block: number): number {
  return (block | ZERO_BIT | ERROR_BIT) >>> 0
}

export function zeroEntry(block: number): number {
  return (block | ZERO_BIT) >>> 0
}

export function errorEntry(block: number): number {
  return (block | ERROR_BIT) >>> 0
}
