/**
 * The info blocks of arenas that can be read: what they should say, in both copies.
 *
 * The backups are stored first, and the primaries from the last arena to the first, each stage when the one before is durable. So at each moment one copy can be
 * used, and nobody attaches a BTT of which the primary of arena 0 was not there before everything else is right.
 */
import type { Sleepable } from '@bttkit/interfaces'
import {
  FLAG_ERROR,
  NULL_UUID,
  POOL_BTT_OFFSET,
  encodeInfoBlock,
  infoBlocksAgree,
  isKnownVersion,
  probePositions,
  type InfoBlock,
} from '@bttkit/btt-format'
import type { Arena } from './check-run.ts'
import { examinePlace } from './examine-arena.ts'
import { FINDING_KINDS, REPAIRS, type FindingCode } from './finding-kinds.ts'
import type { InfoCopy } from './info-copy.ts'
import type { Look } from './look.ts'
import type { RepairDraft } from './repair-draft.ts'
import { readSurroundings, type Surroundings } from './surroundings.ts'

/** Codes of what is done by storing an info block anew. */
const INFO_CODES = [
  'primary-info-bad',
  'backup-info-bad',
  'info-copies-differ',
  'info-version',
  'info-flags',
  'info-reserved',
  'parent-uuid',
] as const satisfies readonly FindingCode[]

/** An info block as it should be in both places. */
interface WantedInfo {
  readonly primary: InfoCopy
  readonly backup: InfoCopy
  readonly bytes: Uint8Array
}

function wantedParent({ pool, namespaceUuids }: Surroundings, namespaceOffset: number): string {
  if (pool !== undefined && namespaceOffset === POOL_BTT_OFFSET) return pool.header.poolsetUuid
  // With several nobody knows which namespace it is, and everybody takes none.
  const [only, other] = namespaceUuids ?? []
  return only !== undefined && other === undefined ? only : NULL_UUID
}

function versionAt(namespaceOffset: number, { pool }: Surroundings): { major: number; minor: number } {
  const position = probePositions(pool?.header, undefined).find(({ offset }) => offset === namespaceOffset)
  return position?.version === '2.0' ? { major: 2, minor: 0 } : { major: 1, minor: 1 }
}

/** What the arena's info block should say. */
function correctedInfo(look: Look, around: Surroundings, arena: Arena, clearsError: boolean): InfoBlock {
  const { info, index } = arena
  const namespaceOffset = look.report.namespaceOffset ?? 0
  const follower = look.of('arena-unreachable').find((finding) => finding.arena === index + 1)
  return {
    ...info,
    ...((look.has('info-version', index) || !isKnownVersion(info)) && versionAt(namespaceOffset, around)),
    ...(look.has('parent-uuid', index) && { parentUuid: wantedParent(around, namespaceOffset) }),
    ...(follower?.offset !== undefined && { nextoff: follower.offset - arena.offset }),
    flags: clearsError ? 0 : info.flags & FLAG_ERROR,
  }
}

function noteSteps(draft: RepairDraft, look: Look, arena: Arena, codes: readonly FindingCode[]): void {
  for (const { code, offset } of look.of(codes, arena.index)) {
    const { repair } = FINDING_KINDS[code]
    if (repair === undefined) continue
    const place = { arena: arena.index, ...(offset !== undefined && { offset }) }
    draft.note({ code, repair, ...place, message: `arena ${arena.index}: ${REPAIRS[repair]}` })
  }
}

function needsStore({ content }: InfoCopy, bytes: Uint8Array): boolean {
  return content === undefined || !infoBlocksAgree(bytes, content.bytes)
}

/** Stores info blocks where they are not so already. */
export function storeInfoBlocks(draft: RepairDraft, wanted: readonly WantedInfo[]): void {
  for (const { backup, bytes } of wanted) if (needsStore(backup, bytes)) draft.store(backup.offset, bytes)
  draft.endStage()
  for (const { primary, bytes } of wanted.toReversed()) {
    if (needsStore(primary, bytes)) draft.store(primary.offset, bytes)
    draft.endStage()
  }
}

/** Plans what puts the info blocks of readable arenas in order. @param clearsError whether the error flag goes, too */
export function* repairInfo(draft: RepairDraft, look: Look, clearsError: boolean): Sleepable<void> {
  const around = yield* readSurroundings(draft.reader)
  const wanted: WantedInfo[] = []
  for (const arena of look.arenas) {
    const isFollowed = look.of('arena-unreachable').some((finding) => finding.arena === arena.index + 1)
    const codes: FindingCode[] = [...INFO_CODES, ...(clearsError ? (['info-error-flag'] as const) : [])]
    if (!isFollowed && !look.has(codes, arena.index)) continue
    // One that is laid out as nobody does it must not take the place of the other copy.
    if (look.has('info-layout', arena.index)) continue
    const { primary, backup } = yield* examinePlace(draft.reader, arena.offset, around.end)
    const info = correctedInfo(look, around, arena, clearsError)
    wanted.push({ primary, backup, bytes: encodeInfoBlock(info) })
    noteSteps(draft, look, arena, codes)
    if (isFollowed) noteFollower(draft, look, arena)
  }
  storeInfoBlocks(draft, wanted)
}

function noteFollower(draft: RepairDraft, look: Look, arena: Arena): void {
  for (const { code, offset = 0 } of look.of('arena-unreachable', arena.index + 1))
    draft.note({
      code,
      repair: 'set-nextoff',
      arena: arena.index,
      offset: arena.offset,
      message: `arena ${arena.index}: leads to the arena at byte ${offset}`,
    })
}

/** Plans the block size of the pool, which is a u32 behind its header. */
export function* repairPool(draft: RepairDraft, look: Look): Sleepable<void> {
  const [first] = look.arenas
  for (const { code, offset = 0 } of look.of('pool-block-size')) {
    if (first === undefined) continue
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, first.info.externalLbasize, true)
    draft.store(offset, bytes)
    draft.endStage()
    const message = `the pool gets blocks of ${first.info.externalLbasize} bytes`
    draft.note({ code, repair: 'set-pool-block-size', offset, message })
  }
}
