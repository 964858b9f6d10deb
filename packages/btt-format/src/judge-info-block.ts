/**
 * Whether an info block can be believed. Its bytes may come from anyone: a right checksum proves nothing about the fields, so each of
 * them is checked before it is used.
 */
import { FLOG_GROUP_BYTES } from './flog.ts'
import {
  FLAG_ERROR,
  INFO_BLOCK_BYTES,
  decodeInfoBlock,
  hasInfoSignature,
  infoChecksum,
  type InfoBlock,
} from './info-block.ts'
import { MAX_LBASIZE, MAX_NFREE, MIN_ARENA_BYTES, flogBytes, mapBytes } from './layout.ts'
import { MAP_ENTRY_BYTES, MAX_INTERNAL_NLBA } from './map-entry.ts'

export interface InfoVerdict {
  readonly info: InfoBlock
  /** Why it cannot be used at all. */
  readonly refusal?: string
  /** Why it may be read by, but not written by: nobody known writes such a block. */
  readonly doubts: readonly string[]
}

interface Section {
  readonly name: string
  readonly start: number
  readonly end: number
}

function sections(info: InfoBlock): Section[] {
  const section = (name: string, start: number, length: number): Section => ({
    name,
    start,
    end: start + length,
  })
  return [
    section('the info block', 0, INFO_BLOCK_BYTES),
    section('the data', info.dataoff, info.internalNlba * info.internalLbasize),
    section('the map', info.mapoff, info.externalNlba * MAP_ENTRY_BYTES),
    section('the flog', info.logoff, info.nfree * FLOG_GROUP_BYTES),
    section('the backup info block', info.info2off, INFO_BLOCK_BYTES),
  ]
}

function refuseSections(info: InfoBlock, roomBytes: number): string | undefined {
  const inOrder = sections(info).toSorted((a, b) => a.start - b.start)
  let before: Section | undefined
  for (const section of inOrder) {
    if (!Number.isSafeInteger(section.end) || section.end > roomBytes)
      return `${section.name} ends beyond the storage`
    if (before !== undefined && section.start < before.end) return `${section.name} overlaps ${before.name}`
    before = section
  }
  return undefined
}

function refuseNextoff(info: InfoBlock, roomBytes: number): string | undefined {
  if (info.nextoff === 0) return undefined
  if (info.nextoff % 4096 !== 0 || info.nextoff < info.info2off + INFO_BLOCK_BYTES)
    return 'the next arena begins inside this one'
  if (info.nextoff > roomBytes - MIN_ARENA_BYTES) return 'the next arena begins beyond the storage'
  return undefined
}

function refuseCounts(info: InfoBlock): string | undefined {
  if (info.infosize !== INFO_BLOCK_BYTES) return `its size field is ${info.infosize}, not ${INFO_BLOCK_BYTES}`
  if (info.externalLbasize < 1 || info.externalLbasize > MAX_LBASIZE)
    return `the external LBA size is ${info.externalLbasize}`
  if (info.internalLbasize < info.externalLbasize) {
    return `the internal LBA size ${info.internalLbasize} is smaller than the external ${info.externalLbasize}`
  }
  if (info.nfree < 1 || info.nfree > MAX_NFREE) return `nfree is ${info.nfree}`
  if (info.externalNlba < 1) return 'it has no sectors'
  if (info.externalNlba + info.nfree !== info.internalNlba)
    return 'external_nlba and nfree do not add up to internal_nlba'
  if (info.internalNlba > MAX_INTERNAL_NLBA)
    return `internal_nlba ${info.internalNlba} does not fit a map entry`
  if (info.mapoff % MAP_ENTRY_BYTES !== 0) return 'the map is not aligned'
  if (info.logoff % FLOG_GROUP_BYTES !== 0) return 'the flog is not aligned'
  return undefined
}

/** Whether it is a version that somebody defined: 1.1 and 2.0. */
export function isKnownVersion(info: InfoBlock): boolean {
  return (info.major === 1 && info.minor === 1) || (info.major === 2 && info.minor === 0)
}

function refuse(bytes: Uint8Array, info: InfoBlock, roomBytes: number): string | undefined {
  if (!hasInfoSignature(bytes)) return 'it has no signature'
  if (infoChecksum(bytes) !== info.checksum) return 'its checksum is wrong'
  if (!isKnownVersion(info))
    return `its version is ${info.major}.${info.minor}, and only 1.1 and 2.0 are known`
  return refuseCounts(info) ?? refuseSections(info, roomBytes) ?? refuseNextoff(info, roomBytes)
}

function doubt(info: InfoBlock): string[] {
  const doubts: string[] = []
  if ((info.flags & ~FLAG_ERROR) !== 0) doubts.push(`unknown flags 0x${info.flags.toString(16)}`)
  if (info.mapoff + mapBytes(info.externalNlba) !== info.logoff)
    doubts.push('the map does not end where the flog begins')
  if (info.logoff + flogBytes(info.nfree) !== info.info2off)
    doubts.push('the flog does not end where the backup info block begins')
  return doubts
}

/**
 * Judges 4096 bytes as an info block.
 *
 * @param roomBytes from the start of the arena to the end of the storage
 */
export function judgeInfoBlock(bytes: Uint8Array, roomBytes: number): InfoVerdict {
  const info = decodeInfoBlock(bytes)
  const refusal = refuse(bytes, info, roomBytes)
  return refusal === undefined ? { info, doubts: doubt(info) } : { info, refusal, doubts: [] }
}

/** Whether the backup says the same as the primary: every byte of both. */
export function infoBlocksAgree(primary: Uint8Array, backup: Uint8Array): boolean {
  return primary.length === backup.length && primary.every((byte, i) => byte === backup[i])
}
