/**
 * Finding the BTT on storage. Reads only, and believes nothing that it has not checked.
 *
 * A BTT can begin at byte 0 (version 2.0), at byte 4096 (1.1), or at 8192 behind the header of a libpmemblk pool. Storage that was formatted more than
 * once, or that holds a BTT image in its data, can show several info blocks; the backup at the other end tells the real one, because
 * whoever formatted last overwrote the backups of those before.
 */
import { AmbiguousBttError, InfoBlockError, NotABttError, type Sleepable } from '@bttkit/interfaces'
import {
  INFO_BLOCK_BYTES,
  LABEL_PROBE_BYTES,
  MAX_ARENA_BYTES,
  MIN_ARENA_BYTES,
  POOL_BTT_OFFSET,
  decodePoolHeader,
  hasInfoSignature,
  infoBlocksAgree,
  isLabelAreaStart,
  judgeInfoBlock,
  labelAreaCandidates,
  roundDown,
  type InfoBlock,
  type PoolHeader,
} from '@bttkit/btt-format'
import { layOutPool } from './pool-layout.ts'
import { readBytes, readUnlessLost } from './read-bytes.ts'
import type { Storage } from './storage.ts'

/** One arena, with the info block that speaks for it. */
export interface FoundArena {
  /** Byte of the storage at which the arena starts. */
  readonly offset: number
  readonly info: InfoBlock
  readonly source: 'primary' | 'backup'
  /** Whether primary and backup are both there and the same. */
  readonly agrees: boolean
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

interface Position {
  readonly offset: number
  /** The version that belongs there; `undefined` takes any. */
  readonly version: '1.1' | '2.0' | undefined
  readonly pool?: PoolHeader
}

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
  const backupOffset = roundDown(Math.min(MAX_ARENA_BYTES, room), INFO_BLOCK_BYTES) - INFO_BLOCK_BYTES
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

function fits(arena: FoundArena, position: Position): boolean {
  return position.version === undefined || `${arena.info.major}.${arena.info.minor}` === position.version
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

function positionsToTry(pool: PoolHeader | undefined, namespaceOffset: number | undefined): Position[] {
  if (namespaceOffset !== undefined) return [{ offset: namespaceOffset, version: undefined }]
  const positions: Position[] = [
    { offset: 0, version: '2.0' },
    { offset: 4096, version: '1.1' },
  ]
  return pool === undefined ? positions : [{ offset: POOL_BTT_OFFSET, version: '1.1', pool }, ...positions]
}

function* isZero(storage: Storage, offset: number, length: number): Sleepable<boolean> {
  const bytes = yield* readBytes(storage, offset, length, 'info')
  return bytes.every((byte) => byte === 0)
}

/**
 * A pool gets its BTT with its first write. Until then nothing is where its info blocks and its flog will be. With a flog it was written and lost
 * its info blocks: to show zeros then would hide all that it holds.
 */
function* isPoolWithoutLayout(storage: Storage, end: number, pool: PoolHeader): Sleepable<boolean> {
  const last = roundDown(end, INFO_BLOCK_BYTES) - INFO_BLOCK_BYTES
  if (!(yield* isZero(storage, POOL_BTT_OFFSET, INFO_BLOCK_BYTES))) return false
  if (!(yield* isZero(storage, last, INFO_BLOCK_BYTES))) return false
  let start = POOL_BTT_OFFSET
  for (const { logoff, info2off, nextoff } of layOutPool(storage.size, pool)) {
    if (!(yield* isZero(storage, start + logoff, info2off + INFO_BLOCK_BYTES - logoff))) return false
    start += nextoff
  }
  return true
}

/** Whether one candidate is wholly within another: the content of its sectors, unless the other is what an older format left. */
function isNested(inner: FoundArena, outer: FoundArena): boolean {
  const backup = (arena: FoundArena): number => arena.offset + arena.info.info2off
  return outer.offset < inner.offset && backup(inner) < backup(outer)
}

/** Of the candidates the one to believe: those whose backup agrees count before those with a primary alone, and these before a backup alone. */
function choose(storage: Storage, candidates: readonly FoundArena[]): FoundArena | undefined {
  const ranks = [
    (arena: FoundArena) => arena.agrees,
    (arena: FoundArena) => arena.source === 'primary',
    () => true,
  ]
  for (const rank of ranks) {
    let counted = candidates.filter(rank)
    const [best] = counted
    // What a newer BTT left of an older one does not reach beyond its backup; what does may be a damaged BTT with an image in its sectors.
    if (best !== undefined && candidates.some((other) => isNested(best, other))) counted = [...candidates]
    if (counted.length > 1) {
      const offsets = counted.map((arena) => arena.offset).join(' and ')
      throw new AmbiguousBttError(
        { image: storage.name },
        `there is a BTT at bytes ${offsets}; say which with --offset`,
      )
    }
    if (counted[0] !== undefined) return counted[0]
  }
  return undefined
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
  for (const position of positionsToTry(pool, namespaceOffset)) {
    const found = yield* examineArena(storage, position.offset, end)
    if (found instanceof NoArena) {
      if (found.isDamaged || namespaceOffset !== undefined) refusal ||= found.reason
    } else if (fits(found, position)) {
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
