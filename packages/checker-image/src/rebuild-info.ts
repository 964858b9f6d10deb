/**
 * Info blocks of which neither copy can be used. What an arena was is tried out: of all the layouts that Linux and libpmemblk make here, the one by which flog and map are
 * without a fault and every block is somebody's. Nothing is stored unless exactly one is so.
 */
import { randomUUID } from 'node:crypto'
import type { Sleepable } from '@bttkit/interfaces'
import {
  DEFAULT_NFREE,
  KERNEL_LBASIZES,
  NULL_UUID,
  encodeInfoBlock,
  probePositions,
  unusualLayoutFields,
  type InfoBlock,
} from '@bttkit/btt-format'
import type { Arena } from './check-run.ts'
import { examinePlace, type ExaminedPlace } from './examine-arena.ts'
import { usableInfo } from './info-copy.ts'
import { isSound } from './is-sound.ts'
import { LayoutSearch, type Candidate, type Identity } from './layout-candidates.ts'
import type { Look } from './look.ts'
import type { RepairDraft } from './repair-draft.ts'
import { storeInfoBlocks } from './repair-info.ts'
import type { RepairOptions } from './repair-plan.ts'
import { readSurroundings, type Surroundings } from './surroundings.ts'

/** What is found where an info block has to be rebuilt. */
type RebuiltCode = 'no-btt' | 'arena-lost' | 'info-layout' | 'arena-foreign'

/** Plans both info blocks of an arena. */
function storeRebuilt(
  draft: RepairDraft,
  { place, info }: Candidate,
  index: number,
  code: RebuiltCode,
): void {
  const { offset } = place.primary
  const bytes = encodeInfoBlock(info)
  const backup = { ...place.backup, offset: offset + info.info2off, content: undefined }
  storeInfoBlocks(draft, [{ primary: { ...place.primary, content: undefined }, backup, bytes }])
  const shape = `${info.externalNlba} sectors of ${info.externalLbasize} bytes`
  const message = `arena ${index}: its info blocks are rebuilt; by flog and map it has ${shape}`
  draft.note({ code, repair: 'rebuild-info', arena: index, offset, message })
}

/** Who a BTT was, by what is left of its info blocks, else by what is around it. */
function identityOf(
  survivors: readonly InfoBlock[],
  version: '1.1' | '2.0' | undefined,
  { pool }: Surroundings,
  uuid: string | undefined,
): Identity {
  const [known] = survivors
  const parentUuid = pool?.header.poolsetUuid ?? known?.parentUuid ?? NULL_UUID
  const [major, minor] = version === '2.0' ? [2, 0] : [1, 1]
  return { uuid: known?.uuid ?? uuid ?? randomUUID(), parentUuid, major, minor }
}

/** Arena 0, at each position where it can be. */
function* rebuildFirst(
  draft: RepairDraft,
  around: Surroundings,
  { namespaceOffset, uuid, rebuild }: RepairOptions,
): Sleepable<void> {
  const search = new LayoutSearch(draft.reader, draft.passes, around)
  const found: Candidate[] = []
  let isAnythingLeft = false
  const lbasizes = [...KERNEL_LBASIZES, ...(around.pool ? [around.pool.header.blockSize] : [])]
  for (const { offset, version } of probePositions(around.pool?.header, namespaceOffset)) {
    const survivors = yield* search.survivorsAt(yield* examinePlace(draft.reader, offset, around.end))
    const pool = version === '1.1' && offset === 8192 ? around.pool : undefined
    const identity = identityOf(survivors, version, { ...around, pool }, uuid)
    const sound = yield* search.soundCandidates(offset, 0, identity, {
      lbasizes,
      nfrees: [DEFAULT_NFREE],
    })
    if (sound.length > 0 && survivors.length > 0) isAnythingLeft = true
    found.push(...sound)
  }
  const [only, other] = found
  const code = 'no-btt'
  if (only === undefined)
    draft.withhold({ code, message: 'there is no layout by which flog and map of arena 0 would be in order' })
  else if (other !== undefined)
    draft.withhold({ code, message: 'there are several layouts by which arena 0 would be in order' })
  else if (!isAnythingLeft && rebuild !== true)
    draft.withhold({
      code,
      message: `flog and map of a BTT at byte ${only.place.primary.offset} are in order, and no info block of it is left, as where the storage is used for something else now: rebuild them with --rebuild`,
    })
  else storeRebuilt(draft, only, 0, code)
}

/** Where arena 0 and the next one differ, and the backup of arena 0 agrees with the next one, it is the primary that is wrong. Returns whether that is so. */
function* trustBackupOfFirst(draft: RepairDraft, around: Surroundings, first: Arena): Sleepable<boolean> {
  const place = yield* examinePlace(draft.reader, first.offset, around.end)
  const next = (yield* examinePlace(draft.reader, first.offset + first.info.nextoff, around.end)).arena?.info
  const backup = usableInfo(place.backup)
  const isRight = backup?.uuid === next?.uuid && backup?.externalLbasize === next?.externalLbasize
  if (!isRight || backup === undefined) return false
  storePrimary(draft, place, 'arena-foreign', 0)
  return true
}

/** Plans a primary info block that is the same as its backup. */
function storePrimary(
  draft: RepairDraft,
  { primary, backup }: ExaminedPlace,
  code: RebuiltCode,
  index: number,
): void {
  if (backup.content === undefined) return
  draft.store(primary.offset, backup.content.bytes)
  draft.endStage()
  const message = `arena ${index}: its primary info block becomes what its backup is, by which everything else is right`
  draft.note({ code, repair: 'primary-from-backup', arena: index, offset: primary.offset, message })
}

/** A later arena, by what arena 0 is. */
function* rebuildLater(draft: RepairDraft, around: Surroundings, look: Look): Sleepable<void> {
  const [first] = look.arenas
  const [finding] = look.of(['arena-lost', 'arena-foreign'])
  if (first === undefined || finding === undefined) return
  const code = finding.code === 'arena-foreign' ? 'arena-foreign' : 'arena-lost'
  const last = look.arenas.at(-1) ?? first
  if (code === 'arena-foreign' && last === first && (yield* trustBackupOfFirst(draft, around, first))) return
  const offset = last.offset + last.info.nextoff
  const { uuid, parentUuid, major, minor, externalLbasize, nfree } = first.info
  const search = new LayoutSearch(draft.reader, draft.passes, around)
  const identity = { uuid, parentUuid, major, minor }
  const usual = { lbasizes: [externalLbasize], nfrees: [DEFAULT_NFREE, nfree] }
  const sound = yield* search.soundCandidates(offset, look.arenas.length, identity, usual)
  const [only, other] = sound.filter(({ info }) => info.externalLbasize === externalLbasize)
  if (only !== undefined && other === undefined) return storeRebuilt(draft, only, look.arenas.length, code)
  const message = `there is no one layout by which flog and map of arena ${look.arenas.length} would be in order`
  draft.withhold({ code, arena: look.arenas.length, message })
}

/**
 * Arenas that can be read, by sections that nobody makes. The backup takes the place of the primary if it is laid out as everybody does, and right; a layout that was tried out, if this
 * one is not right.
 */
function* rebuildLayout(draft: RepairDraft, around: Surroundings, look: Look): Sleepable<void> {
  for (const { arena: index = -1 } of look.of('info-layout')) {
    const arena = look.arenas[index]
    if (arena === undefined) continue
    const { info, offset } = arena
    const place = yield* examinePlace(draft.reader, offset, around.end)
    const backup = usableInfo(place.backup)
    if (backup !== undefined && unusualLayoutFields(backup).length === 0) {
      if (yield* isSound(draft.reader, draft.passes, { ...arena, info: backup })) {
        storePrimary(draft, place, 'info-layout', index)
        continue
      }
    }
    const isRight = yield* isSound(draft.reader, draft.passes, arena)
    const identity = { uuid: info.uuid, parentUuid: info.parentUuid, major: info.major, minor: info.minor }
    const usual = { lbasizes: [info.externalLbasize], nfrees: [info.nfree] }
    const search = new LayoutSearch(draft.reader, draft.passes, around)
    const sound = isRight ? [] : yield* search.soundCandidates(offset, index, identity, usual)
    const [only, other] = sound
    if (only !== undefined && other === undefined) {
      storeRebuilt(draft, { ...only, info: { ...only.info, nextoff: info.nextoff } }, index, 'info-layout')
      continue
    }
    const message = isRight
      ? `arena ${index} is in order as it is laid out, if nobody lays out an arena so`
      : `there is no one layout by which flog and map of arena ${index} would be in order`
    draft.withhold({ code: 'info-layout', arena: index, message })
  }
}

/** Plans the info blocks that neither copy tells. */
export function* rebuildInfo(draft: RepairDraft, look: Look, options: RepairOptions): Sleepable<void> {
  const around = yield* readSurroundings(draft.reader)
  if (look.has('no-btt')) yield* rebuildFirst(draft, around, options)
  else if (look.has('info-layout')) yield* rebuildLayout(draft, around, look)
  if (look.has(['arena-lost', 'arena-foreign'])) yield* rebuildLater(draft, around, look)
}
