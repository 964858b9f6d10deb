/**
 * Whether an info block can be believed. Its bytes may come from anyone: a right checksum proves nothing about the fields, so each of
 * them is checked before it is used.
 */
import { ARENA_SECTIONS, arenaSections, type ArenaSection } from './arena-sections.ts'
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
  /** Says where it begins. */
  readonly field: keyof InfoBlock
  readonly start: number
  readonly end: number
}

/** What each is called, and the field that says where it begins. */
const SECTIONS = {
  info: ['the info block', 'infosize'],
  data: ['the data', 'dataoff'],
  map: ['the map', 'mapoff'],
  flog: ['the flog', 'logoff'],
  backup: ['the backup info block', 'info2off'],
} as const satisfies Record<ArenaSection, readonly [name: string, field: keyof InfoBlock]>

function sections(info: InfoBlock): Section[] {
  const ranges = arenaSections(info)
  return ARENA_SECTIONS.map((section) => {
    const [name, field] = SECTIONS[section]
    const { offset, length } = ranges[section]
    return { name, field, start: offset, end: offset + length }
  })
}

/** Why an arena cannot be as its info block says. */
export interface LayoutProblem {
  readonly field: keyof InfoBlock
  readonly problem: string
}

function* sectionProblems(info: InfoBlock, roomBytes: number): Generator<LayoutProblem> {
  const inOrder = sections(info).toSorted((a, b) => a.start - b.start)
  let before: Section | undefined
  for (const section of inOrder) {
    const { name, field } = section
    if (!Number.isSafeInteger(section.end) || section.end > roomBytes)
      yield { field, problem: `${name} ends beyond the storage` }
    if (before !== undefined && section.start < before.end)
      yield { field, problem: `${name} overlaps ${before.name}` }
    before = section
  }
}

function* nextoffProblems(info: InfoBlock, roomBytes: number): Generator<LayoutProblem> {
  if (info.nextoff === 0) return
  if (info.nextoff % 4096 !== 0 || info.nextoff < info.info2off + INFO_BLOCK_BYTES)
    yield { field: 'nextoff', problem: 'the next arena begins inside this one' }
  if (info.nextoff > roomBytes - MIN_ARENA_BYTES)
    yield { field: 'nextoff', problem: 'the next arena begins beyond the storage' }
}

function* countProblems(info: InfoBlock): Generator<LayoutProblem> {
  const { infosize, externalLbasize, internalLbasize, externalNlba, internalNlba, nfree } = info
  if (infosize !== INFO_BLOCK_BYTES)
    yield { field: 'infosize', problem: `its size field is ${infosize}, not ${INFO_BLOCK_BYTES}` }
  if (externalLbasize < 1 || externalLbasize > MAX_LBASIZE)
    yield { field: 'externalLbasize', problem: `the external LBA size is ${externalLbasize}` }
  if (internalLbasize < externalLbasize) {
    const problem = `the internal LBA size ${internalLbasize} is smaller than the external ${externalLbasize}`
    yield { field: 'internalLbasize', problem }
  }
  if (nfree < 1 || nfree > MAX_NFREE) yield { field: 'nfree', problem: `nfree is ${nfree}` }
  if (externalNlba < 1) yield { field: 'externalNlba', problem: 'it has no sectors' }
  if (externalNlba + nfree !== internalNlba)
    yield { field: 'internalNlba', problem: 'external_nlba and nfree do not add up to internal_nlba' }
  if (internalNlba > MAX_INTERNAL_NLBA)
    yield { field: 'internalNlba', problem: `internal_nlba ${internalNlba} does not fit a map entry` }
  if (info.mapoff % MAP_ENTRY_BYTES !== 0) yield { field: 'mapoff', problem: 'the map is not aligned' }
  if (info.logoff % FLOG_GROUP_BYTES !== 0) yield { field: 'logoff', problem: 'the flog is not aligned' }
}

/**
 * All that contradicts itself in the fields of an info block, or reaches beyond the storage, whatever its signature, checksum and version.
 *
 * @param roomBytes from the start of the arena to the end of the storage
 */
export function* layoutProblems(info: InfoBlock, roomBytes: number): Generator<LayoutProblem> {
  yield* countProblems(info)
  yield* sectionProblems(info, roomBytes)
  yield* nextoffProblems(info, roomBytes)
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
  for (const { problem } of layoutProblems(info, roomBytes)) return problem
  return undefined
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
  return Buffer.compare(primary, backup) === 0
}
