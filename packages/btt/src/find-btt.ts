/**
 * Finding the BTT on storage. Reads only, and believes nothing that it has not checked. Where a BTT can be, and which of several to believe, says
 * `@bttkit/btt-format` (probing.ts).
 */
import { AmbiguousBttError, InfoBlockError, NotABttError, type Sleepable } from '@bttkit/interfaces'
import {
  INFO_BLOCK_BYTES,
  LABEL_PROBE_BYTES,
  MIN_ARENA_BYTES,
  POOL_BTT_OFFSET,
  backupOffsetIn,
  believableCandidates,
  decodePoolHeader,
  fitsPosition,
  hasInfoSignature,
  infoBlocksAgree,
  isLabelAreaStart,
  judgeInfoBlock,
  labelAreaCandidates,
  probePositions,
  unwrittenPoolRanges,
  type BttCandidate,
  type PoolHeader,
} from '@bttkit/btt-format'
import { readBytes, readUnlessLost } from './read-bytes.ts'
import type { Storage } from './storage.ts'

/** One arena, with the info block that speaks for it. */
export interface FoundArena extends BttCandidate {
  /** Why it must not be written to, a sentence each. */
  readonly doubts: readonly string[]
  /** What else is wrong with its info blocks. */
  readonly remarks: readonly string[]
}

/** A BTT, arena 0 first. */
export interface FoundBtt {
  readonly kind: 'btt'
  readonly namespaceOffset: number
  readonly arenas: readonly [FoundArena, ...FoundArena[]]
  /** Of the pool around it, if there is one. */
  readonly pool: PoolHeader | undefined
}

/** A libpmemblk pool that was never written: its BTT comes with the first write. */
export interface UnwrittenPool {
  readonly kind: 'unwritten pool'
  readonly namespaceOffset: number
  readonly pool: PoolHeader
}

/** Why no arena begins at a place. */
class NoArena {
  readonly reason: string
  /** Whether there is an info block, if one that cannot be used. */
  readonly isDamaged: boolean

  constructor(reason: string, isDamaged = false) {
    this.reason = reason
    this.isDamaged = isDamaged
  }
}

/** The verdict on an info block that cannot be read. */
const LOST = { refusal: 'the medium has lost it' } as const

/** Flog groups of all arenas together; each takes memory at attach. It is what 2 PiB have in arenas of the usual shape. */
const MOST_FLOG_GROUPS = 2 ** 20
/** An arena that begins elsewhere has map entries that a torn write can split. */
const WRITABLE_ALIGNMENT = 512

/**
 * Where the namespace ends: before a label area, if there is one.
 *
 * @param read what tells whether a place is one; where it must be known for certain, one that fails at what is lost
 */
export function* findNamespaceEnd(
  storage: Storage,
  read: typeof readUnlessLost = readBytes,
): Sleepable<number> {
  for (const start of labelAreaCandidates(storage.size)) {
    const bytes = yield* read(storage, start, LABEL_PROBE_BYTES, 'info')
    if (bytes !== undefined && isLabelAreaStart(bytes)) return start
  }
  return storage.size
}

/** The info block that speaks for the arena at `offset`, or why there is none. */
function* examineArena(storage: Storage, offset: number, end: number): Sleepable<FoundArena | NoArena> {
  if (end - offset < MIN_ARENA_BYTES) return new NoArena('the storage ends too early for an arena')
  const room = end - offset
  const misplaced =
    offset % WRITABLE_ALIGNMENT === 0
      ? []
      : [`the arena does not begin at a multiple of ${WRITABLE_ALIGNMENT} bytes`]
  const primary = yield* readUnlessLost(storage, offset, INFO_BLOCK_BYTES, 'info')
  const verdict = primary === undefined ? LOST : judgeInfoBlock(primary, room)
  if (primary !== undefined && verdict.refusal === undefined) {
    const backup = yield* readUnlessLost(storage, offset + verdict.info.info2off, INFO_BLOCK_BYTES, 'info')
    const agrees = backup !== undefined && infoBlocksAgree(primary, backup)
    const remarks = agrees ? [] : ['the backup info block is not the same as the primary']
    const doubts = [...misplaced, ...verdict.doubts]
    return { offset, info: verdict.info, source: 'primary', agrees, doubts, remarks }
  }
  // The primary cannot say where its backup is; the size can.
  const backupOffset = backupOffsetIn(room)
  const backup = yield* readUnlessLost(storage, offset + backupOffset, INFO_BLOCK_BYTES, 'info')
  const fromBackup = backup === undefined ? LOST : judgeInfoBlock(backup, room)
  if (fromBackup.refusal === undefined && fromBackup.info.info2off === backupOffset) {
    const doubt = `the primary info block cannot be used (${verdict.refusal}); its backup speaks for it`
    return {
      offset,
      info: fromBackup.info,
      source: 'backup',
      agrees: false,
      doubts: [doubt, ...misplaced, ...fromBackup.doubts],
      remarks: [],
    }
  }
  return primary === undefined || hasInfoSignature(primary)
    ? new NoArena(`the info block at byte ${offset} cannot be used: ${verdict.refusal}`, true)
    : new NoArena(`there is no info block at byte ${offset}`)
}

/** Follows `nextoff` from arena 0 on. The storage's size bounds the walk, because each arena takes 16 MiB of it. */
function* walkArenas(storage: Storage, first: FoundArena, end: number): Sleepable<FoundBtt['arenas']> {
  const arenas: [FoundArena, ...FoundArena[]] = [first]
  let flogGroups = first.info.nfree
  for (let last = first; last.info.nextoff !== 0;) {
    const offset = last.offset + last.info.nextoff
    const next = yield* examineArena(storage, offset, end)
    if (next instanceof NoArena) {
      throw new InfoBlockError({ image: storage.name, arena: arenas.length }, next.reason)
    }
    if (next.info.uuid !== first.info.uuid || next.info.externalLbasize !== first.info.externalLbasize) {
      throw new InfoBlockError(
        { image: storage.name, arena: arenas.length, offset },
        'the arena belongs to another BTT than arena 0 (uuid or sector size)',
      )
    }
    flogGroups += next.info.nfree
    if (flogGroups > MOST_FLOG_GROUPS) {
      throw new InfoBlockError(
        { image: storage.name, arena: arenas.length, offset },
        `the arenas up to this one have ${flogGroups} spare blocks, more than anyone makes`,
      )
    }
    arenas.push(next)
    last = next
  }
  return arenas
}

function* isZero(storage: Storage, offset: number, length: number): Sleepable<boolean> {
  const bytes = yield* readBytes(storage, offset, length, 'info')
  return bytes.every((byte) => byte === 0)
}

function* isPoolWithoutLayout(storage: Storage, end: number, pool: PoolHeader): Sleepable<boolean> {
  for (const { offset, length } of unwrittenPoolRanges(storage.size, end, pool))
    if (!(yield* isZero(storage, offset, length))) return false
  return true
}

/** Of the candidates the one to believe. */
function choose(storage: Storage, candidates: readonly FoundArena[]): FoundArena | undefined {
  const counted = believableCandidates(candidates)
  if (counted.length > 1) {
    const offsets = counted.map((arena) => arena.offset).join(' and ')
    throw new AmbiguousBttError(
      { image: storage.name },
      `there is a BTT at bytes ${offsets}; say which with --offset`,
    )
  }
  return counted[0]
}

/**
 * Finds the BTT.
 *
 * @param namespaceOffset where the info block of arena 0 is; absent: probe
 * @throws {NotABttError} {AmbiguousBttError} {InfoBlockError}
 */
export function* findBtt(storage: Storage, namespaceOffset?: number): Sleepable<FoundBtt | UnwrittenPool> {
  const image = storage.name
  if (storage.size < MIN_ARENA_BYTES) {
    throw new NotABttError(
      { image },
      `${storage.size} bytes are too few for a BTT, which takes at least 16 MiB`,
    )
  }
  if (
    namespaceOffset !== undefined &&
    (!Number.isSafeInteger(namespaceOffset) || namespaceOffset < 0 || namespaceOffset >= storage.size)
  ) {
    throw new NotABttError({ image }, `byte ${namespaceOffset} is not on the storage`)
  }
  const end = yield* findNamespaceEnd(storage, readUnlessLost)
  const header = yield* readUnlessLost(storage, 0, POOL_BTT_OFFSET, 'info')
  const pool = header && decodePoolHeader(header)
  const candidates: FoundArena[] = []
  let refusal = ''
  for (const position of probePositions(pool, namespaceOffset)) {
    const found = yield* examineArena(storage, position.offset, end)
    if (found instanceof NoArena) {
      if (found.isDamaged || namespaceOffset !== undefined) refusal ||= found.reason
    } else if (fitsPosition(found.info, position)) {
      candidates.push(found)
    }
  }
  const first = choose(storage, candidates)
  if (first !== undefined) {
    const arenas = yield* walkArenas(storage, first, end)
    return {
      kind: 'btt',
      namespaceOffset: first.offset,
      arenas,
      pool: first.offset === POOL_BTT_OFFSET ? pool : undefined,
    }
  }
  if (refusal !== '') throw new InfoBlockError({ image }, refusal)
  if (pool !== undefined && (yield* isPoolWithoutLayout(storage, end, pool)))
    return { kind: 'unwritten pool', namespaceOffset: POOL_BTT_OFFSET, pool }
  throw new NotABttError({ image }, 'no BTT was found at byte 0, 4096 or, behind a pool header, 8192')
}
