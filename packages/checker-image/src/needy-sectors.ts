/** The sectors of an arena that need another block, or are marked as lost. */
import type { Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, errorEntry, mapState } from '@bttkit/btt-format'
import type { ArenaNeeds } from './arena-needs.ts'
import type { FindingCode } from './finding-kinds.ts'
import type { ImageFinding } from './finding-log.ts'
import { entryOffset } from './interrupted-writes.ts'
import { isBelievable } from './needy-lanes.ts'
import { settleBlock } from './settle-duplicates.ts'

/** Of a finding as many holders are named as it lists; with more nobody knows them all. */
const MOST_HOLDERS = 1000

/** Sectors of which nobody knows the block. */
export function needUnknownSectors(needs: ArenaNeeds): void {
  for (const { code, lba = -1, count = 1 } of needs.of(['map-range', 'map-lost']))
    for (let i = 0; i < count; i++)
      needs.needSector(code, { premap: lba - needs.arena.firstLba + i, entry: errorEntry })
}

function withhold(needs: ArenaNeeds, code: FindingCode, block: number, message: string): void {
  const { index } = needs.arena
  needs.draft.withhold({ code, arena: index, block, message: `block ${block} of arena ${index} ${message}` })
}

function* settleFinding(
  needs: ArenaNeeds,
  finding: ImageFinding,
  writers: ReadonlySet<number> | undefined,
): Sleepable<void> {
  const { draft, arena, options } = needs
  const { code, block = -1, lbas = [] } = finding
  const premaps = needs.holdersOf(finding)
  if (premaps.length < 2) return
  if (lbas.length >= MOST_HOLDERS) {
    withhold(needs, code, block, 'is mapped by so many sectors that not all of them are known')
    return
  }
  const settled = yield* settleBlock(draft.reader, arena, block, premaps, writers, options.duplicates)
  if (settled === undefined) {
    const all = lbas.join(' and ')
    const message = `is mapped by LBA ${all}, and nothing tells whose it is: say what to do with --duplicates`
    withhold(needs, code, block, message)
    return
  }
  for (const need of settled.needs) needs.needSector(code, need)
  if (settled.lostKeeper !== undefined) needs.lostKeepers.push({ code, premap: settled.lostKeeper, block })
}

/** Blocks that several sectors have. Returns the sectors. */
export function* settleDuplicates(needs: ArenaNeeds): Sleepable<Set<number>> {
  const findings = needs.of('map-duplicate')
  const writers = needs.groups.writersOf(new Set(findings.map(({ block = -1 }) => block)))
  const shared = new Set<number>()
  for (const finding of findings) {
    for (const premap of needs.holdersOf(finding)) shared.add(premap)
    yield* settleFinding(needs, finding, writers.get(finding.block ?? -1))
  }
  return shared
}

/** Whether a sector may have a content, so that it matters which block it has: also one that counts as never written, because its entry may be what is damaged. */
function* mayHaveContent({ draft, arena }: ArenaNeeds, premap: number): Sleepable<boolean> {
  const bytes = yield* draft.reader.read(entryOffset(arena, premap), MAP_ENTRY_BYTES, 'map')
  const state = bytes && mapState(new DataView(bytes.buffer).getUint32(0, true))
  return state === 'normal' || state === 'initial'
}

/** Whose a block is that a sector has, and a lane as its free one. */
function* ownerOf(
  needs: ArenaNeeds,
  { block = -1, lanes = [] }: ImageFinding,
  premap: number,
  writers: ReadonlySet<number> | undefined,
): Sleepable<'sector' | 'lane' | undefined> {
  if (!lanes.some((lane) => isBelievable(needs, lane))) return 'sector'
  if (writers?.has(premap) === true || !(yield* mayHaveContent(needs, premap))) return 'sector'
  const { duplicates } = needs.options
  if (duplicates !== undefined) return duplicates === 'error' ? 'lane' : 'sector'
  const lba = needs.arena.firstLba + premap
  const message = `is mapped by LBA ${lba}, and free in lane ${lanes.join(' and ')}, and nothing tells whose it is: say what to do with --duplicates`
  withhold(needs, 'map-free', block, message)
  return undefined
}

/**
 * Blocks that sectors have, and lanes as their free ones. One damaged number in the map or in the flog makes that, and the content of a free block is some sector's of before: where the
 * flog does not tell that it is the sector's, nobody knows.
 *
 * @param shared sectors that others share a block with: so many cannot all be wrong, so the lane is
 * @returns the blocks that are the sectors'
 */
export function* settleMappedFree(needs: ArenaNeeds, shared: ReadonlySet<number>): Sleepable<Set<number>> {
  const findings = needs.of('map-free')
  const writers = needs.groups.writersOf(new Set(findings.map(({ block = -1 }) => block)))
  const mapped = new Set<number>()
  for (const finding of findings) {
    const { code, block = -1, lanes = [] } = finding
    const [premap] = needs.holdersOf(finding)
    if (premap === undefined) continue
    const owner = shared.has(premap) ? 'sector' : yield* ownerOf(needs, finding, premap, writers.get(block))
    if (owner === 'lane') needs.needSector(code, { premap, entry: errorEntry })
    if (owner !== 'sector') continue
    mapped.add(block)
    for (const lane of lanes) needs.needLane(lane, { code })
  }
  return mapped
}

/** Entries that nobody writes, of sectors whose own block is nobody else's: they keep it. */
export function markOddEntries(needs: ArenaNeeds, shared: ReadonlySet<number>): void {
  for (const { code, lba = -1 } of needs.of('map-state')) {
    const premap = lba - needs.arena.firstLba
    if (!shared.has(premap)) needs.lostKeepers.push({ code, premap, block: premap })
  }
}
