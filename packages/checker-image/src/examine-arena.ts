/** The two info blocks of an arena: which of them speaks for it, and what is wrong with them. */
import type { Sleepable } from '@bttkit/interfaces'
import {
  FLAG_ERROR,
  MAX_ARENA_BYTES,
  MIN_ARENA_BYTES,
  backupOffsetIn,
  firstReservedByte,
  infoBlocksAgree,
  infoFieldOffset,
  isKnownVersion,
  unusualLayoutFields,
  type BttCandidate,
  type InfoBlock,
} from '@bttkit/btt-format'
import type { FindingLog } from './finding-log.ts'
import type { ImageReader } from './image-reader.ts'
import { readInfoCopy, usableInfo, type InfoCopy } from './info-copy.ts'

/** An arena that begins elsewhere has map entries that a torn write can split. */
const ALIGNMENT = 512

/** What is at a place where an arena may begin. */
export interface ExaminedPlace {
  readonly primary: InfoCopy
  readonly backup: InfoCopy
  /** Absent where neither info block can be used. */
  readonly arena: ExaminedArena | undefined
}

export interface ExaminedArena extends BttCandidate {
  /** The info block that speaks for it, as stored. */
  readonly bytes: Uint8Array
  /** What it differs in from the other, if both are there. */
  readonly differences: readonly string[]
}

function differencesOf(one: InfoCopy, other: InfoCopy): string[] {
  if (one.content === undefined || other.content === undefined) return []
  const others = new Map(Object.entries(other.content.info))
  const fields = Object.entries(one.content.info).filter(
    ([field, value]) => field !== 'checksum' && others.get(field) !== value,
  )
  return fields.length === 0 ? ['reserved bytes'] : fields.map(([field]) => field)
}

function arenaBy(
  source: 'primary' | 'backup',
  offset: number,
  copy: InfoCopy,
  other: InfoCopy,
): ExaminedArena | undefined {
  const info = usableInfo(copy)
  if (info === undefined || copy.content === undefined) return undefined
  const { bytes } = copy.content
  const agrees = other.content !== undefined && infoBlocksAgree(bytes, other.content.bytes)
  const differences = agrees ? [] : differencesOf(copy, other)
  return { offset, info, source, agrees, bytes, differences }
}

/** Looks for an arena at `offset`. @param end of the namespace */
export function* examinePlace(reader: ImageReader, offset: number, end: number): Sleepable<ExaminedPlace> {
  const room = end - offset
  const primary = yield* readInfoCopy(reader, offset, room)
  const info = usableInfo(primary)
  // The primary says where its backup is. If it cannot, the size can.
  const backupOffset = info?.info2off ?? backupOffsetIn(room)
  const backup = yield* readInfoCopy(reader, offset + backupOffset, room)
  if (room < MIN_ARENA_BYTES) return { primary, backup, arena: undefined }
  if (info !== undefined) return { primary, backup, arena: arenaBy('primary', offset, primary, backup) }
  const isItsOwn = backup.content?.info.info2off === backupOffset
  const arena = isItsOwn ? arenaBy('backup', offset, backup, primary) : undefined
  return { primary, backup, arena }
}

function reportCopy(log: FindingLog, arena: number, copy: InfoCopy, which: 'primary' | 'backup'): void {
  const [first] = copy.flaws
  if (first === undefined) return
  const reasons = copy.flaws.map(({ problem }) => problem).join('; ')
  const code = which === 'primary' ? 'primary-info-bad' : 'backup-info-bad'
  log.add(code, () => ({
    arena,
    offset: copy.offset + first.at,
    message: `the ${which} info block of arena ${arena} cannot be used: ${reasons}`,
  }))
}

/** Reports what is wrong with either info block as such. @param index of the arena */
export function reportCopies(
  log: FindingLog,
  index: number,
  { primary, backup, arena }: ExaminedPlace,
): void {
  reportCopy(log, index, primary, 'primary')
  reportCopy(log, index, backup, 'backup')
  if (arena?.agrees !== false || primary.flaws.length > 0 || backup.flaws.length > 0) return
  log.add('info-copies-differ', () => ({
    arena: index,
    offset: backup.offset,
    message: `the backup info block of arena ${index} is not the same as the primary: they differ in ${arena.differences.join(', ')}`,
  }))
}

function versionProblem(info: InfoBlock, expected: string | undefined): string | undefined {
  const version = `${info.major}.${info.minor}`
  if (!isKnownVersion(info)) return `its version is ${version}, and only 1.1 and 2.0 are known`
  if (expected === undefined || version === expected) return undefined
  return `its version is ${version}, and at this position belongs ${expected}`
}

/**
 * Reports what is unusual in the info block that speaks for an arena, though it can be read by it.
 *
 * @param expectedVersion that belongs to the position of the BTT, where that is known
 */
export function reportInfo(
  log: FindingLog,
  index: number,
  { offset, info, bytes }: ExaminedArena,
  expectedVersion: string | undefined,
): void {
  const at = (field: Parameters<typeof infoFieldOffset>[0]): number => offset + infoFieldOffset(field)
  const add = (code: Parameters<FindingLog['add']>[0], place: number, problem: string): void =>
    log.add(code, () => ({ arena: index, offset: place, message: `arena ${index}: ${problem}` }))

  const version = versionProblem(info, expectedVersion)
  if (version !== undefined) add('info-version', at('major'), version)
  if ((info.flags & FLAG_ERROR) !== 0)
    add('info-error-flag', at('flags'), 'its info block carries the error flag, so nothing is written to it')
  const unknown = (info.flags & ~FLAG_ERROR) >>> 0
  if (unknown !== 0)
    add('info-flags', at('flags'), `its info block has flags that nobody knows: 0x${unknown.toString(16)}`)
  const [field, ...more] = unusualLayoutFields(info)
  if (field !== undefined)
    add(
      'info-layout',
      at(field),
      `no known writer lays out an arena so: ${[field, ...more].join(', ')} would be other`,
    )
  const reserved = firstReservedByte(bytes)
  if (reserved !== undefined)
    add('info-reserved', offset + reserved, 'reserved bytes of its info block are not zero')
  if (info.nextoff !== 0 && info.nextoff !== MAX_ARENA_BYTES)
    add(
      'info-nextoff',
      at('nextoff'),
      `the next arena begins ${info.nextoff} bytes from here; PMDK takes 512 GiB only`,
    )
  if (offset % ALIGNMENT !== 0)
    add('arena-position', offset, `it does not begin at a multiple of ${ALIGNMENT} bytes`)
}
