/** The arenas of an image, and what is wrong with their info blocks. Goes on where an attach would refuse. */
import type { Sleepable } from '@bttkit/interfaces'
import {
  INFO_BLOCK_BYTES,
  MAX_ARENA_BYTES,
  MIN_ARENA_BYTES,
  POOL_BTT_OFFSET,
  believableCandidates,
  fitsPosition,
  infoFieldOffset,
  probePositions,
  type ProbePosition,
} from '@bttkit/btt-format'
import { reportLabels } from './check-labels.ts'
import type { Arena, CheckRun } from './check-run.ts'
import type { FindingLog } from './finding-log.ts'
import type { ImageReader } from './image-reader.ts'
import {
  examinePlace,
  reportCopies,
  reportInfo,
  type ExaminedArena,
  type ExaminedPlace,
} from './examine-arena.ts'
import {
  isUnwrittenPool,
  readSurroundings,
  reportParent,
  reportPool,
  type Surroundings,
} from './surroundings.ts'

/** Flog groups of all arenas together, as an attach takes them at most. */
const MOST_FLOG_GROUPS = 2 ** 20

/** A place where arena 0 may begin, and what is there. */
interface ProbedPlace extends ExaminedPlace {
  readonly position: ProbePosition
}

/** One with an arena. */
interface FoundPlace extends ProbedPlace {
  readonly arena: ExaminedArena
}

export interface FoundArenas {
  /** Where the info block of arena 0 is, in bytes. */
  readonly namespaceOffset: number
  readonly arenas: readonly Arena[]
}

const hasArena = (place: ProbedPlace): place is FoundPlace => place.arena !== undefined

/** A version that does not fit its position counts where nothing else is there. */
function believablePlaces(places: readonly ProbedPlace[]): readonly FoundPlace[] {
  const found = places.filter(hasArena)
  const fitting = found.filter(({ arena, position }) => fitsPosition(arena.info, position))
  const candidates = fitting.length > 0 ? fitting : found
  const believed = new Set(believableCandidates(candidates.map(({ arena }) => arena)))
  return candidates.filter(({ arena }) => believed.has(arena))
}

/** Where an arena 0 was, by what is left of it: its primary, else its backup, else the pool around it. */
function damagedPlaces(places: readonly ProbedPlace[], isPoolOnly: boolean): readonly ProbedPlace[] {
  const byPrimary = places.filter(({ primary }) => primary.hasSignature)
  if (byPrimary.length > 0) return byPrimary
  const byBackup = places.filter(
    ({ primary, backup }) =>
      backup.hasSignature && backup.content?.info.info2off === backup.offset - primary.offset,
  )
  return byBackup.length > 0 || !isPoolOnly ? byBackup : places.slice(0, 1)
}

/** What is to be said where a BTT is in the place of those of pools, and the header of the pool is not there. */
function* poolHint(reader: ImageReader, { pool, end }: Surroundings): Sleepable<string> {
  if (pool !== undefined || end - POOL_BTT_OFFSET < MIN_ARENA_BYTES) return ''
  const { arena } = yield* examinePlace(reader, POOL_BTT_OFFSET, end)
  return arena === undefined
    ? ''
    : `; one is at byte ${POOL_BTT_OFFSET}, as in a pool whose header is lost: name it with --offset ${POOL_BTT_OFFSET}`
}

function* reportNoBtt(
  { reader, log, observer }: CheckRun,
  places: readonly ProbedPlace[],
  around: Surroundings,
): Sleepable<void> {
  const { pool } = around
  const isPoolOnly = pool !== undefined && places[0]?.position.offset === POOL_BTT_OFFSET
  if (isPoolOnly && (yield* isUnwrittenPool(reader, around))) {
    const message = 'the pool was never written: it has no BTT yet, and every block reads as zeros'
    log.add('pool-unwritten', () => ({ offset: POOL_BTT_OFFSET, message }))
    return
  }
  const shown = damagedPlaces(places, isPoolOnly)
  for (const { primary, backup } of shown.slice(0, 1))
    observer?.place({ index: 0, offset: primary.offset, primary, backup })
  for (const place of shown) reportCopies(log, 0, place)
  const offset = shown[0]?.primary.offset
  const message =
    offset === undefined
      ? `no BTT was found at byte ${places.map(({ position }) => position.offset).join(' or ')}${yield* poolHint(reader, around)}`
      : `neither info block of arena 0, at byte ${offset}, can be used`
  log.add('no-btt', () => ({ ...(offset !== undefined && { arena: 0, offset }), message }))
}

/** What lies in front of the BTT and looks like one: other programs may take it for the real one. What lies behind its beginning is content. */
function reportStale({ log }: CheckRun, places: readonly ProbedPlace[], chosen: FoundPlace): void {
  for (const { primary } of places) {
    if (!primary.hasSignature || primary.offset >= chosen.arena.offset) continue
    const message = `an info block of another BTT is at byte ${primary.offset}; the one at ${chosen.arena.offset} counts`
    log.add('stale-info', () => ({ offset: primary.offset, message }))
  }
}

/** Whether one arena is of the same BTT as the first, with spare blocks that an attach takes. @param flogGroups of all arenas up to this one */
function belongs(
  log: FindingLog,
  index: number,
  { offset, info }: ExaminedArena,
  first: Arena,
  flogGroups: number,
): boolean {
  const isSameBtt = info.uuid === first.info.uuid
  if (!isSameBtt || info.externalLbasize !== first.info.externalLbasize) {
    const field = isSameBtt ? 'externalLbasize' : 'uuid'
    const message = `arena ${index}, at byte ${offset}, belongs to another BTT than arena 0: it has another ${field}`
    log.add('arena-foreign', () => ({ arena: index, offset: offset + infoFieldOffset(field), message }))
    return false
  }
  if (flogGroups <= MOST_FLOG_GROUPS) return true
  const message = `the arenas up to arena ${index} have ${flogGroups} spare blocks, more than anyone makes`
  log.add('arena-lanes', () => ({ arena: index, offset: offset + infoFieldOffset('nfree'), message }))
  return false
}

/** What is where `last` says that the next arena is. */
function* nextPlace(
  { reader, log, observer }: CheckRun,
  index: number,
  last: ExaminedArena,
  end: number,
): Sleepable<ExaminedPlace> {
  const offset = last.offset + last.info.nextoff
  const place = yield* examinePlace(reader, offset, end)
  if (place.arena === undefined) {
    observer?.place({ index, offset, primary: place.primary, backup: place.backup })
    reportCopies(log, index, place)
    const message = `arena ${index}, at byte ${offset}, cannot be read: neither of its info blocks can be used; nor can what comes behind it`
    log.add('arena-lost', () => ({ arena: index, offset, message }))
  }
  return place
}

/** The last arena says that none follows. If one of the same BTT does, it was once joined. */
function* reportUnreachable({ reader, log }: CheckRun, last: Arena, end: number): Sleepable<void> {
  const { info } = last
  for (const distance of new Set([info.info2off + INFO_BLOCK_BYTES, MAX_ARENA_BYTES])) {
    const offset = last.offset + distance
    if (end - offset < MIN_ARENA_BYTES) continue
    const { arena } = yield* examinePlace(reader, offset, end)
    if (arena?.info.uuid !== info.uuid) continue
    const message = `an arena of the same BTT is at byte ${offset}, and no arena leads to it`
    log.add('arena-unreachable', () => ({ arena: last.index + 1, offset, message }))
  }
}

function* walkArenas(run: CheckRun, chosen: FoundPlace, around: Surroundings): Sleepable<Arena[]> {
  const { log, observer } = run
  const { end } = around
  const arenas: Arena[] = []
  let place: ExaminedPlace = chosen
  let [firstLba, flogGroups] = [0, 0]
  while (place.arena !== undefined) {
    const examined: ExaminedArena = place.arena
    const { offset, info } = examined
    const arena = { index: arenas.length, offset, info, firstLba }
    flogGroups += info.nfree
    if (!belongs(log, arena.index, examined, arenas[0] ?? arena, flogGroups)) break
    reportCopies(log, arena.index, place)
    reportInfo(log, arena.index, examined, chosen.position.version)
    reportParent(log, around, arena.index, examined, chosen.arena.offset)
    arenas.push(arena)
    const { primary, backup } = place
    observer?.place({ index: arena.index, offset, primary, backup, source: examined.source, arena })
    firstLba += info.externalNlba
    if (info.nextoff === 0) {
      yield* reportUnreachable(run, arena, end)
      break
    }
    place = yield* nextPlace(run, arenas.length, examined, end)
  }
  return arenas
}

/** @param namespaceOffset where the info block of arena 0 is; absent: probe */
export function* findArenas(
  run: CheckRun,
  namespaceOffset: number | undefined,
): Sleepable<FoundArenas | undefined> {
  const { reader, log, observer } = run
  const around = yield* readSurroundings(reader)
  observer?.surroundings({
    storageBytes: reader.size,
    endOffset: around.end,
    hasPoolHeader: around.pool !== undefined,
  })
  const places: ProbedPlace[] = []
  for (const position of probePositions(around.pool?.header, namespaceOffset))
    places.push({ position, ...(yield* examinePlace(reader, position.offset, around.end)) })
  const [chosen, other] = believablePlaces(places)
  if (chosen === undefined) {
    yield* reportNoBtt(run, places, around)
    return undefined
  }
  if (other !== undefined) {
    const offsets = `${chosen.arena.offset} and ${other.arena.offset}`
    const message = `there is a BTT at bytes ${offsets}; say which with the offset`
    log.add('ambiguous-btt', () => ({ offset: other.arena.offset, message }))
    return undefined
  }
  reportStale(run, places, chosen)
  yield* reportLabels(reader, log, around)
  reportPool(log, around, chosen.arena)
  return { namespaceOffset: chosen.arena.offset, arenas: yield* walkArenas(run, chosen, around) }
}
