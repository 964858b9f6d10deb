/**
 * Whose a block is that several sectors have.
 *
 * The block is the one's whose the flog says it is, too: one damaged entry cannot make both. Where that is so of none, or of several, only the policy can tell: also where
 * but one of the sectors has a content. The block may be that of a sector that was zeroed, with what it held before, and the entry that is damaged may be the other one.
 *
 * A sector that reads as zeros, or fails, has nothing in its block, so it takes another one and reads as before. A sector without flags in its entry was never written, and
 * its block can be another's only if its entry is damaged: it is lost.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, errorEntry, mapState, normalEntry, zeroEntry } from '@bttkit/btt-format'
import type { Arena } from './check-run.ts'
import type { ImageReader } from './image-reader.ts'
import { entryOffset } from './interrupted-writes.ts'
import type { DuplicatePolicy } from './repair-plan.ts'

/** What becomes of a sector that needs another block. */
export interface SectorNeed {
  /** Of the arena. */
  readonly premap: number
  /** The map entry, when it has the block. */
  readonly entry: (block: number) => number
  /** The block whose content is copied there first; absent: nothing is. */
  readonly copyOf?: number
}

/** What becomes of those who have a block. One of them keeps it. */
export interface SettledBlock {
  readonly block: number
  /** That one, where it is marked as lost nevertheless. */
  readonly lostKeeper: number | undefined
  readonly needs: readonly SectorNeed[]
}

function lost(premap: number): SectorNeed {
  return { premap, entry: errorEntry }
}

/** The sectors that have a block, by what their entries say. */
interface Holders {
  readonly normal: readonly number[]
  readonly error: readonly number[]
  readonly zero: readonly number[]
  readonly initial: readonly number[]
}

function* readHolders(reader: ImageReader, arena: Arena, premaps: readonly number[]): Sleepable<Holders> {
  const holders = {
    normal: [] as number[],
    error: [] as number[],
    zero: [] as number[],
    initial: [] as number[],
  }
  for (const premap of premaps) {
    const bytes = yield* reader.read(entryOffset(arena, premap), MAP_ENTRY_BYTES, 'map')
    holders[bytes === undefined ? 'error' : mapState(new DataView(bytes.buffer).getUint32(0, true))].push(
      premap,
    )
  }
  return holders
}

/** What those need whose content is not in the block. */
function needsWithoutContent({ error, zero, initial }: Holders): SectorNeed[] {
  return [...error.map(lost), ...zero.map((premap) => ({ premap, entry: zeroEntry })), ...initial.map(lost)]
}

function byPolicy(holders: Holders, policy: DuplicatePolicy, block: number): Omit<SettledBlock, 'block'> {
  const [first, ...others] = holders.normal
  const needs = needsWithoutContent(holders)
  if (policy === 'error') return { lostKeeper: first, needs: [...others.map(lost), ...needs] }
  const copy = (premap: number): SectorNeed => ({ premap, entry: normalEntry, copyOf: block })
  return { lostKeeper: undefined, needs: [...others.map(policy === 'first' ? lost : copy), ...needs] }
}

/**
 * @param premaps of the sectors that have the block
 * @param writers those of which the flog says that they have it
 * @returns `undefined` where nobody knows, and no policy says
 */
export function* settleBlock(
  reader: ImageReader,
  arena: Arena,
  block: number,
  premaps: readonly number[],
  writers: ReadonlySet<number> | undefined,
  policy: DuplicatePolicy | undefined,
): Sleepable<SettledBlock | undefined> {
  const holders = yield* readHolders(reader, arena, premaps)
  const { normal } = holders
  const needs = needsWithoutContent(holders)
  // Nobody's content: the first keeps it, unless its entry is damaged, which comes last.
  if (normal.length === 0) return { block, lostKeeper: undefined, needs: needs.slice(1) }
  const known = normal.filter((premap) => writers?.has(premap) === true)
  if (known.length === 1) {
    const losers = normal.filter((premap) => premap !== known[0]).map(lost)
    return { block, lostKeeper: undefined, needs: [...losers, ...needs] }
  }
  return policy && { block, ...byPolicy(holders, policy, block) }
}
