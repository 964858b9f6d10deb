/**
 * Where a BTT can begin, and which of several to believe.
 *
 * A BTT can begin at byte 0 (version 2.0), at byte 4096 (1.1), or at 8192 behind the header of a libpmemblk pool. Storage that was formatted more than
 * once, or that holds a BTT image in its data, can show several info blocks; the backup at the other end tells the real one, because
 * whoever formatted last overwrote the backups of those before.
 */
import { INFO_BLOCK_BYTES, type InfoBlock } from './info-block.ts'
import { MAX_ARENA_BYTES, roundDown } from './layout.ts'
import { POOL_BTT_OFFSET, type PoolHeader } from './pool-header.ts'

/** A place at which arena 0 may begin. */
export interface ProbePosition {
  readonly offset: number
  /** The version that belongs there; `undefined` takes any. */
  readonly version: '1.1' | '2.0' | undefined
}

/** What is known of an arena at a position. */
export interface BttCandidate {
  /** Byte of the storage at which the arena starts. */
  readonly offset: number
  readonly info: InfoBlock
  readonly source: 'primary' | 'backup'
  /** Whether primary and backup are both there and the same. */
  readonly agrees: boolean
}

/** @param namespaceOffset where the info block of arena 0 is, if somebody knows */
export function probePositions(
  pool: PoolHeader | undefined,
  namespaceOffset: number | undefined,
): ProbePosition[] {
  if (namespaceOffset !== undefined) return [{ offset: namespaceOffset, version: undefined }]
  const positions: ProbePosition[] = [
    { offset: 0, version: '2.0' },
    { offset: 4096, version: '1.1' },
  ]
  return pool === undefined ? positions : [{ offset: POOL_BTT_OFFSET, version: '1.1' }, ...positions]
}

export function fitsPosition({ major, minor }: InfoBlock, { version }: ProbePosition): boolean {
  return version === undefined || `${major}.${minor}` === version
}

/**
 * Where the size says that the backup info block of an arena is, from its start, when its primary cannot say.
 *
 * @param roomBytes from the start of the arena to the end of the storage
 */
export function backupOffsetIn(roomBytes: number): number {
  return roundDown(Math.min(MAX_ARENA_BYTES, roomBytes), INFO_BLOCK_BYTES) - INFO_BLOCK_BYTES
}

/** Whether one candidate is wholly within another: the content of its sectors, unless the other is what an older format left. */
function isNested(inner: BttCandidate, outer: BttCandidate): boolean {
  const backup = (arena: BttCandidate): number => arena.offset + arena.info.info2off
  return outer.offset < inner.offset && backup(inner) < backup(outer)
}

const RANKS: readonly ((arena: BttCandidate) => boolean)[] = [
  (arena) => arena.agrees,
  (arena) => arena.source === 'primary',
  () => true,
]

/**
 * Of the candidates those to believe: those whose backup agrees count before those with a primary alone, and these before a backup alone. With more than
 * one nobody can tell.
 */
export function believableCandidates<Candidate extends BttCandidate>(
  candidates: readonly Candidate[],
): readonly Candidate[] {
  for (const rank of RANKS) {
    const counted = candidates.filter(rank)
    const [best] = counted
    if (best === undefined) continue
    // What a newer BTT left of an older one does not reach beyond its backup; what does may be a damaged BTT with an image in its sectors.
    return candidates.some((other) => isNested(best, other)) ? candidates : counted
  }
  return []
}
