/**
 * Where everything lies in a BTT of a given size. UEFI, "Arena"; the order of the steps is Linux's, because rounding makes it matter.
 *
 * Only creation computes a layout. A reader takes every size from the info block: PMDK rounds blocks otherwise than Linux.
 */
import { LayoutError } from '@bttkit/interfaces'
import { FLOG_GROUP_BYTES } from './flog.ts'
import { INFO_BLOCK_BYTES } from './info-block.ts'
import { MAP_ENTRY_BYTES, MAX_INTERNAL_NLBA } from './map-entry.ts'

export const MIN_ARENA_BYTES = 16 * 2 ** 20
export const MAX_ARENA_BYTES = 512 * 2 ** 30
/** The spare blocks of an arena unless one asks for another number; also the most lanes that Linux uses. */
export const DEFAULT_NFREE = 256
/** More spare blocks than anyone makes; a larger number is a damaged or hostile image. */
export const MAX_NFREE = 65_536
/** A larger sector could not even be buffered. */
export const MAX_LBASIZE = 2 ** 30

const ALIGNMENT = 4096

export type BttVersion = '1.1' | '2.0'

/** How a writer rounds blocks: Linux to 64 bytes; PMDK to 256, and at least 512. */
export type LayoutDialect = 'kernel' | 'pmdk'

export interface ArenaLayout {
  /** Bytes, from the start of the arena to the end of its backup info block, or a little more. */
  readonly size: number
  readonly externalNlba: number
  readonly internalLbasize: number
  readonly internalNlba: number
  /** Offsets in bytes from the start of the arena; `nextoff` is 0 in the last arena. */
  readonly nextoff: number
  readonly dataoff: number
  readonly mapoff: number
  readonly logoff: number
  readonly info2off: number
}

export interface LayoutRequest {
  /** Bytes from the start of arena 0 on. */
  readonly sizeBytes: number
  readonly externalLbasize: number
  readonly nfree: number
  readonly dialect?: LayoutDialect
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}

export function roundDown(value: number, multiple: number): number {
  return Math.floor(value / multiple) * multiple
}

/** Bytes before the info block of arena 0: 1.1 leaves room for a partition table. */
export function initialOffset(version: BttVersion): number {
  return version === '1.1' ? 4096 : 0
}

export function flogBytes(nfree: number): number {
  return roundUp(nfree * FLOG_GROUP_BYTES, ALIGNMENT)
}

export function mapBytes(externalNlba: number): number {
  return roundUp(externalNlba * MAP_ENTRY_BYTES, ALIGNMENT)
}

/** The stride of the blocks for an external LBA size. */
export function internalLbasize(externalLbasize: number, dialect: LayoutDialect = 'kernel'): number {
  return dialect === 'kernel' ? roundUp(externalLbasize, 64) : roundUp(Math.max(externalLbasize, 512), 256)
}

function layOutArena(size: number, isLast: boolean, request: LayoutRequest): ArenaLayout {
  const { externalLbasize, nfree, dialect } = request
  const stride = internalLbasize(externalLbasize, dialect)
  const available = roundDown(size, ALIGNMENT) - 2 * INFO_BLOCK_BYTES - flogBytes(nfree)
  // One page of slack, because the map is rounded up to whole pages afterwards.
  const internalNlba = Math.floor((available - ALIGNMENT) / (stride + MAP_ENTRY_BYTES))
  const externalNlba = internalNlba - nfree
  // PMDK wants as many sectors as spare blocks; for Linux one is enough.
  if (externalNlba < (dialect === 'pmdk' ? nfree : 1)) {
    throw new LayoutError(
      {},
      `an arena of ${size} bytes has no room for sectors of ${externalLbasize} bytes and ${nfree} spare blocks`,
    )
  }
  if (internalNlba > MAX_INTERNAL_NLBA) {
    throw new LayoutError(
      {},
      `an arena of ${size} bytes has more sectors of ${externalLbasize} bytes than its map could tell apart`,
    )
  }
  const mapSize = mapBytes(externalNlba)
  const mapoff = INFO_BLOCK_BYTES + available - mapSize
  const logoff = mapoff + mapSize
  return {
    size,
    externalNlba,
    internalLbasize: stride,
    internalNlba,
    nextoff: isLast ? 0 : size,
    dataoff: INFO_BLOCK_BYTES,
    mapoff,
    logoff,
    info2off: logoff + flogBytes(nfree),
  }
}

/**
 * Lays out a BTT: arenas of 512 GiB and a last one of what is left, at least 16 MiB; a smaller rest stays unused.
 *
 * @throws {LayoutError} when the size has no room for an arena, or a parameter is out of its range.
 */
export function layOut(request: LayoutRequest): ArenaLayout[] {
  const { sizeBytes, externalLbasize, nfree } = request
  if (!Number.isSafeInteger(externalLbasize) || externalLbasize < 1 || externalLbasize > MAX_LBASIZE) {
    throw new LayoutError({}, `${externalLbasize} bytes is no sector size`)
  }
  if (!Number.isSafeInteger(nfree) || nfree < 1 || nfree > MAX_NFREE) {
    throw new LayoutError({}, `nfree must be from 1 to ${MAX_NFREE}, not ${nfree}`)
  }
  if (!Number.isSafeInteger(sizeBytes)) throw new LayoutError({}, `${sizeBytes} is no size in bytes`)
  if (sizeBytes < MIN_ARENA_BYTES) {
    throw new LayoutError(
      {},
      `${sizeBytes} bytes are too small for a BTT; an arena takes at least ${MIN_ARENA_BYTES} (16 MiB)`,
    )
  }
  const arenas: ArenaLayout[] = []
  for (let remaining = sizeBytes; remaining >= MIN_ARENA_BYTES;) {
    const size = Math.min(MAX_ARENA_BYTES, remaining)
    remaining -= size
    arenas.push(layOutArena(size, remaining < MIN_ARENA_BYTES, request))
  }
  return arenas
}
