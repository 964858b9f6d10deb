/**
 * Planning a repair: everything is worked out on the image as it would be, and nothing is stored. Info blocks that are lost come first, because by them
 * map and flog are found; then map and flog; then the info blocks that can be read, so that nobody attaches before the rest is right; the error flag when nothing else is wrong.
 */
import { FLOG_GROUP_BYTES, INFO_BLOCK_BYTES, MAP_ENTRY_BYTES, isKnownVersion } from '@bttkit/btt-format'
import type { ByteRange, PmemProvider, Sleepable } from '@bttkit/interfaces'
import { mightSleep } from '@bttkit/sleepable'
import type { Arena } from './check-run.ts'
import type { FindingCode } from './finding-kinds.ts'
import { MOST_FINDINGS, lookAt, type Look } from './look.ts'
import { mergeRanges } from './planned-changes.ts'
import { rebuildInfo } from './rebuild-info.ts'
import { repairBlocks } from './repair-blocks.ts'
import { RepairDraft } from './repair-draft.ts'
import { repairInfo, repairPool } from './repair-info.ts'
import type { RepairOptions, RepairPlan } from './repair-plan.ts'

/** What one repair makes visible another one may have to put in order; damages that hide one another are few. */
const MOST_ROUNDS = 64

type Part = (draft: RepairDraft, look: Look, options: RepairOptions) => Sleepable<void>

/** Findings that forbid to store anything, unless somebody says that it may be done. */
function withholdAll(draft: RepairDraft, look: Look, { resetUnknown }: RepairOptions): boolean {
  const refuse = (code: FindingCode, message: string): true => {
    draft.withhold({ code, message })
    return true
  }
  if (look.flood !== undefined)
    return refuse(
      look.flood,
      `there are more than ${MOST_FINDINGS} findings of ${look.flood}: too much is lost for a repair`,
    )
  if (look.has('ambiguous-btt')) return refuse('ambiguous-btt', 'name one of the BTTs with --offset')
  if (look.has('arena-position'))
    return refuse(
      'arena-position',
      'entries of a map that is not aligned could be torn, so nothing is stored',
    )
  if (resetUnknown === true) return false
  const isUnknown = look.arenas.some(({ info }) => !isKnownVersion(info)) || look.has('info-flags')
  if (!isUnknown) return false
  const code = look.has('info-flags') ? 'info-flags' : 'info-version'
  return refuse(
    code,
    'a newer program may have made this image, and nobody knows what it means: version and flags are reset with --reset-unknown',
  )
}

/** As much of the storage as may be in front of a BTT. */
const FRONT_BYTES = 2 * INFO_BLOCK_BYTES

function metadataOf(arenas: readonly Arena[], size: number): ByteRange[] {
  const ranges = arenas.flatMap(({ offset, info }) => [
    { offset, length: INFO_BLOCK_BYTES },
    { offset: offset + info.mapoff, length: info.externalNlba * MAP_ENTRY_BYTES },
    { offset: offset + info.logoff, length: info.nfree * FLOG_GROUP_BYTES },
    { offset: offset + info.info2off, length: INFO_BLOCK_BYTES },
  ])
  return mergeRanges([{ offset: 0, length: Math.min(size, FRONT_BYTES) }, ...ranges])
}

/** Plans a part again and again, as long as it finds something to do. */
function* repeat(draft: RepairDraft, look: Look, options: RepairOptions, part: Part): Sleepable<Look> {
  let seen = look
  draft.beginPart()
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = draft.storeCount
    draft.beginPartAgain()
    yield* part(draft, seen, options)
    if (draft.storeCount === before) break
    seen = yield* lookAt(draft, options.namespaceOffset)
  }
  return seen
}

const PARTS: readonly Part[] = [
  rebuildInfo,
  repairBlocks,
  (draft, look) => repairInfo(draft, look, false),
  (draft, look) => repairPool(draft, look),
]

/** @returns what the image is when all is done */
function* planParts(draft: RepairDraft, look: Look, options: RepairOptions): Sleepable<Look> {
  let seen = look
  for (let before = -1; before !== draft.storeCount;) {
    before = draft.storeCount
    draft.beginRound()
    for (const part of PARTS) seen = yield* repeat(draft, seen, options, part)
  }
  const { damages } = seen
  if (damages.size === 1 && damages.has('info-error-flag'))
    return yield* repeat(draft, seen, options, (into, now) => repairInfo(into, now, true))
  if (damages.has('info-error-flag'))
    draft.withhold({
      code: 'info-error-flag',
      message: 'the error flag stays, because something else is still wrong',
    })
  return seen
}

/**
 * Plans the repair of an image. Stores nothing, and takes no lock: whoever means to apply the plan holds the exclusive one already.
 *
 * Where nothing is wrong the plan is empty. May sleep where the storage may. @throws whatever the storage fails with, but for media errors, and the reason of `signal`
 */
export function* planRepair(provider: PmemProvider, options: RepairOptions = {}): Sleepable<RepairPlan> {
  if (provider.capabilities.mayWait) mightSleep(provider.name, 'planning a repair')
  const draft = new RepairDraft(provider, options)
  const before = yield* lookAt(draft, options.namespaceOffset)
  const after = withholdAll(draft, before, options) ? before : yield* planParts(draft, before, options)
  const { namespaceOffset } = after.report
  const [first] = after.arenas
  const { steps, withheld, stages } = draft
  return {
    image: provider.name,
    size: provider.size,
    ...(namespaceOffset !== undefined && { namespaceOffset }),
    ...(first !== undefined && { uuid: first.info.uuid }),
    metadata: metadataOf(after.arenas, provider.size),
    steps,
    withheld,
    stages,
    before: before.report.verdict,
    after: after.report.verdict,
  }
}
