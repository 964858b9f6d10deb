/**
 * Info blocks of which neither copy can be used. What an arena was is tried out: of all the layouts that Linux and libpmemblk make here, the one by which flog and map are
 * without a fault and every block is somebody's. Nothing is stored unless exactly one is so.
 */
import { randomUUID } from 'node:crypto'
import { LayoutError, type Sleepable } from '@bttkit/interfaces'
import {
  DEFAULT_NFREE,
  INFO_BLOCK_BYTES,
  KERNEL_LBASIZES,
  MAX_NFREE,
  MIN_ARENA_BYTES,
  NULL_UUID,
  encodeInfoBlock,
  hasInfoSignature,
  infoChecksum,
  layOut,
  layoutProblems,
  probePositions,
  unusualLayoutFields,
  type ArenaLayout,
  type InfoBlock,
  type LayoutDialect,
} from '@bttkit/btt-format'
import type { Arena } from './check-run.ts'
import { examinePlace, type ExaminedPlace } from './examine-arena.ts'
import { readInfoCopy, usableInfo } from './info-copy.ts'
import { isSound } from './is-sound.ts'
import type { Look } from './look.ts'
import type { RepairDraft } from './repair-draft.ts'
import { storeInfoBlocks } from './repair-info.ts'
import type { RepairOptions } from './repair-plan.ts'
import { readSurroundings, type Surroundings } from './surroundings.ts'

/** What is found where an info block has to be rebuilt. */
type RebuiltCode = 'no-btt' | 'arena-lost' | 'info-layout' | 'arena-foreign'

const DIALECTS: readonly LayoutDialect[] = ['kernel', 'pmdk']

/** What is known of a BTT before its layout is. */
interface Identity {
  readonly uuid: string
  readonly parentUuid: string
  readonly major: number
  readonly minor: number
}

/** One arena as it may have been. */
interface Candidate {
  readonly place: ExaminedPlace
  readonly info: InfoBlock
}

/** What an arena may have had, whatever is left of its info blocks. */
interface UsualNumbers {
  readonly lbasizes: readonly number[]
  readonly nfrees: readonly number[]
}

interface LayoutGuess {
  readonly externalLbasize: number
  readonly nfree: number
  readonly sizeBytes: number
}

/** Sectors of several sizes have blocks of one size, and flog and map do not tell them apart; what is left of an info block may. */
function likeliest(found: readonly Candidate[], survivors: readonly InfoBlock[]): Candidate[] {
  const sizes = new Set(survivors.map(({ externalLbasize }) => externalLbasize))
  const named = found.filter(({ info }) => sizes.has(info.externalLbasize))
  return named.length > 0 ? named : [...found]
}

/** Each combination once. */
function guesses(
  survivors: readonly InfoBlock[],
  { lbasizes, nfrees: usual }: UsualNumbers,
  roomBytes: number,
): LayoutGuess[] {
  const sizes = new Set([roomBytes])
  const nfrees = new Set(usual)
  const sectors = new Set(lbasizes)
  for (const { nfree, info2off, externalLbasize, internalNlba, externalNlba } of survivors) {
    sectors.add(externalLbasize)
    for (const spare of [nfree, internalNlba - externalNlba])
      if (spare >= 1 && spare <= MAX_NFREE) nfrees.add(spare)
    const size = info2off + INFO_BLOCK_BYTES
    if (Number.isSafeInteger(size) && size >= MIN_ARENA_BYTES && size <= roomBytes) sizes.add(size)
  }
  return [...sizes].flatMap((sizeBytes) =>
    [...sectors].flatMap((externalLbasize) =>
      [...nfrees].map((nfree) => ({ sizeBytes, externalLbasize, nfree })),
    ),
  )
}

/** The first arena of a layout, by both dialects; none where there is no such layout. */
function* layoutsOf(guess: LayoutGuess): Generator<ArenaLayout> {
  for (const dialect of DIALECTS) {
    try {
      const [first] = layOut({ ...guess, dialect })
      if (first !== undefined) yield first
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error
    }
  }
}

class Rebuilding {
  private readonly draft: RepairDraft
  private readonly around: Surroundings

  constructor(draft: RepairDraft, around: Surroundings) {
    this.draft = draft
    this.around = around
  }

  /** The arenas that may have been at a place, by which everything else is in order. */
  *soundCandidates(
    offset: number,
    index: number,
    identity: Identity,
    usual: UsualNumbers,
  ): Sleepable<Candidate[]> {
    const { reader } = this.draft
    const { end } = this.around
    if (end - offset < MIN_ARENA_BYTES) return []
    const place = yield* examinePlace(reader, offset, end)
    const found = new Map<string, Candidate>()
    const survivors = yield* this.survivorsAt(place)
    for (const guess of guesses(survivors, usual, end - offset)) {
      for (const layout of layoutsOf(guess)) {
        const info = infoBy(layout, guess, identity)
        const key = JSON.stringify({ ...info, checksum: undefined })
        if (found.has(key) || [...layoutProblems(info, end - offset)].length > 0) continue
        if (yield* isSound(reader, { index, offset, info, firstLba: 0 })) found.set(key, { place, info })
      }
    }
    return likeliest([...found.values()], survivors)
  }

  /** What is left of the info blocks at a place: fields that may be right. One with its checksum comes first. */
  *survivorsAt({ primary, backup }: ExaminedPlace): Sleepable<InfoBlock[]> {
    const { reader } = this.draft
    const room = this.around.end - primary.offset
    const copies = [primary, backup]
    // In an arena that is not as long as its place the backup is where the primary says, if that much of it is right.
    const info2off = primary.content?.info.info2off
    if (primary.hasSignature && info2off !== undefined)
      copies.push(yield* readInfoCopy(reader, primary.offset + info2off, room))
    const left = copies.flatMap(({ content }) => (content ? [content] : []))
    const isWhole = ({ bytes, info }: (typeof left)[number]): boolean =>
      info.checksum !== 0n && infoChecksum(bytes) === info.checksum
    const isOne = ({ bytes }: (typeof left)[number]): boolean => hasInfoSignature(bytes)
    return [...left.filter(isWhole), ...left.filter((one) => !isWhole(one) && isOne(one))].map(
      ({ info }) => info,
    )
  }

  /** Plans the info blocks of an arena. */
  store({ place, info }: Candidate, index: number, code: RebuiltCode): void {
    const { offset } = place.primary
    const bytes = encodeInfoBlock(info)
    const backup = { ...place.backup, offset: offset + info.info2off, content: undefined }
    const arena: Arena = { index, offset, info, firstLba: 0 }
    storeInfoBlocks(this.draft, [{ arena, primary: { ...place.primary, content: undefined }, backup, bytes }])
    const shape = `${info.externalNlba} sectors of ${info.externalLbasize} bytes`
    const message = `arena ${index}: its info blocks are rebuilt; by flog and map it has ${shape}`
    this.draft.note({ code, repair: 'rebuild-info', arena: index, offset, message })
  }
}

function infoBy(
  { size: _size, ...layout }: ArenaLayout,
  { externalLbasize, nfree }: LayoutGuess,
  identity: Identity,
): InfoBlock {
  return {
    ...identity,
    ...layout,
    externalLbasize,
    nfree,
    flags: 0,
    infosize: INFO_BLOCK_BYTES,
    checksum: 0n,
  }
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
  const rebuilding = new Rebuilding(draft, around)
  const found: Candidate[] = []
  let isAnythingLeft = false
  const lbasizes = [...KERNEL_LBASIZES, ...(around.pool ? [around.pool.header.blockSize] : [])]
  for (const { offset, version } of probePositions(around.pool?.header, namespaceOffset)) {
    const survivors = yield* rebuilding.survivorsAt(yield* examinePlace(draft.reader, offset, around.end))
    const pool = version === '1.1' && offset === 8192 ? around.pool : undefined
    const identity = identityOf(survivors, version, { ...around, pool }, uuid)
    const sound = yield* rebuilding.soundCandidates(offset, 0, identity, {
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
  else rebuilding.store(only, 0, code)
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
  const rebuilding = new Rebuilding(draft, around)
  const identity = { uuid, parentUuid, major, minor }
  const usual = { lbasizes: [externalLbasize], nfrees: [DEFAULT_NFREE, nfree] }
  const sound = yield* rebuilding.soundCandidates(offset, look.arenas.length, identity, usual)
  const [only, other] = sound.filter(({ info }) => info.externalLbasize === externalLbasize)
  if (only !== undefined && other === undefined) return rebuilding.store(only, look.arenas.length, code)
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
      if (yield* isSound(draft.reader, { ...arena, info: backup })) {
        storePrimary(draft, place, 'info-layout', index)
        continue
      }
    }
    const isRight = yield* isSound(draft.reader, arena)
    const identity = { uuid: info.uuid, parentUuid: info.parentUuid, major: info.major, minor: info.minor }
    const usual = { lbasizes: [info.externalLbasize], nfrees: [info.nfree] }
    const rebuilding = new Rebuilding(draft, around)
    const sound = isRight ? [] : yield* rebuilding.soundCandidates(offset, index, identity, usual)
    const [only, other] = sound
    if (only !== undefined && other === undefined) {
      rebuilding.store({ ...only, info: { ...only.info, nextoff: info.nextoff } }, index, 'info-layout')
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
