/**
 * Who has which block of an arena, before anything is handed out.
 *
 * Memory: two bits a block and one a sector; two bits more a block where blocks are shared. What is wrong with an entry makes all entries of its page of the map suspect, because damage comes in pages.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { Bitmap, MAP_ENTRY_BYTES, mapState, normalEntry, stripFlags } from '@bttkit/btt-format'
import {
  entryOffset,
  readMap,
  type Arena,
  type CheckRun,
  type CompletedWrites,
  type FlogGroups,
  type FlogReading,
  type MapVisitor,
} from '@bttkit/checker-image/parts'

const PAGE_ENTRIES = 4096 / MAP_ENTRY_BYTES

/** What the flog says: as far as it can be true, group by group, and the writes that it completes. */
export interface FlogSurvey {
  readonly reading: FlogReading
  readonly groups: FlogGroups
  readonly completed: CompletedWrites
}

export class ArenaSurvey {
  readonly arena: Arena
  readonly flog: FlogSurvey
  /** Blocks of sectors with a content. */
  readonly content: Bitmap
  /** Blocks of sectors that are zeroed or marked as lost. */
  readonly flagged: Bitmap
  /** Sectors that were never written: each has the block of its number. */
  readonly unwritten: Bitmap
  /** Blocks with a content that somebody else has, too. */
  contested: Bitmap | undefined
  /** Blocks of several sectors with a content. */
  contentAgain: Bitmap | undefined
  private readonly suspectPages: Bitmap
  private readonly keepers = new Map<number, number>()

  constructor(arena: Arena, flog: FlogSurvey) {
    const { internalNlba, externalNlba } = arena.info
    this.arena = arena
    this.flog = flog
    this.content = new Bitmap(internalNlba)
    this.flagged = new Bitmap(internalNlba)
    this.unwritten = new Bitmap(externalNlba)
    this.suspectPages = new Bitmap(Math.ceil(externalNlba / PAGE_ENTRIES))
  }

  isSuspect(premap: number): boolean {
    return this.suspectPages.has(Math.floor(premap / PAGE_ENTRIES))
  }

  suspect(premap: number): void {
    this.suspectPages.add(Math.floor(premap / PAGE_ENTRIES))
  }

  contest(block: number): void {
    this.contested ??= new Bitmap(this.arena.info.internalNlba)
    this.contested.add(block)
  }

  contestContent(block: number): void {
    this.contentAgain ??= new Bitmap(this.arena.info.internalNlba)
    this.contentAgain.add(block)
    this.contest(block)
  }

  /** The sector whose a shared block is, because the flog says so as well as the map; -1 where it does not. */
  keeperOf(block: number): number {
    return this.keepers.get(block) ?? -1
  }

  keep(block: number, premap: number): void {
    this.keepers.set(block, premap)
  }
}

/** Notes who has what. */
class Noting implements MapVisitor {
  private readonly survey: ArenaSurvey
  private readonly internalNlba: number

  constructor(survey: ArenaSurvey) {
    this.survey = survey
    this.internalNlba = survey.arena.info.internalNlba
  }

  entries(view: DataView, first: number, count: number): void {
    const { survey, internalNlba } = this
    const { content } = survey
    for (let i = 0; i < count; i++) {
      const entry = view.getUint32(i * MAP_ENTRY_BYTES, true)
      const state = mapState(entry)
      const block = stripFlags(entry)
      if (state === 'initial') this.noteInitial(first + i, entry)
      else if (block >= internalNlba) survey.suspect(first + i)
      else if (state !== 'normal') survey.flagged.add(block)
      else if (!content.add(block)) survey.contestContent(block)
    }
  }

  hole(first: number, count: number): void {
    this.survey.unwritten.addRange(first, first + count, () => undefined)
  }

  lost(first: number, count: number): void {
    for (let premap = first; premap < first + count; premap++) this.survey.suspect(premap)
  }

  private noteInitial(premap: number, entry: number): void {
    if (entry === 0) this.survey.unwritten.add(premap)
    else this.survey.suspect(premap)
  }
}

/** Blocks that have an owner of every kind. */
function contestAcrossKinds(survey: ArenaSurvey): void {
  const { content, flagged, unwritten, flog, arena } = survey
  for (const block of flagged.members()) if (content.has(block)) survey.contest(block)
  for (const [block, lanes] of flog.reading.free) {
    if (content.has(block)) survey.contest(block)
    if (unwritten.has(block)) survey.suspect(block)
    if (lanes.length > 1 && content.has(block)) survey.contest(block)
  }
  const { externalNlba } = arena.info
  for (let block = 0; block < externalNlba; block++) {
    if (!unwritten.has(block)) continue
    if (content.has(block)) survey.contest(block)
    if (content.has(block) || flagged.has(block)) survey.suspect(block)
  }
}

/** Finds whose a shared block is, where the flog says it of exactly one of those who have it. */
function* findKeepers(run: CheckRun, survey: ArenaSurvey, contested: Bitmap): Sleepable<void> {
  const { arena, flog } = survey
  for (const [block, premaps] of flog.groups.writersOf({ has: (one) => contested.has(one) })) {
    const keepers: number[] = []
    for (const premap of premaps) {
      // Of a write that the flog completes only the flog says it.
      if (premap >= arena.info.externalNlba || flog.completed.has(premap)) continue
      const bytes = yield* run.reader.read(entryOffset(arena, premap), MAP_ENTRY_BYTES, 'map')
      const entry = bytes && new DataView(bytes.buffer).getUint32(0, true)
      if (entry === normalEntry(block)) keepers.push(premap)
    }
    const [keeper] = keepers
    if (keeper !== undefined && keepers.length === 1) survey.keep(block, keeper)
  }
}

/** Makes the pages of those suspect who share a block. */
function* suspectSharers(run: CheckRun, survey: ArenaSurvey, contested: Bitmap): Sleepable<void> {
  yield* readMap(run, survey.arena, survey.flog.completed, {
    entries(view, first, count) {
      for (let i = 0; i < count; i++) {
        const entry = view.getUint32(i * MAP_ENTRY_BYTES, true)
        if (mapState(entry) !== 'initial' && contested.has(stripFlags(entry))) survey.suspect(first + i)
      }
    },
    hole: () => undefined,
    lost: () => undefined,
  })
}

/** Reads the map of an arena once, or twice where blocks are shared. */
export function* surveyMap(run: CheckRun, arena: Arena, flog: FlogSurvey): Sleepable<ArenaSurvey> {
  const survey = new ArenaSurvey(arena, flog)
  yield* readMap(run, arena, flog.completed, new Noting(survey))
  contestAcrossKinds(survey)
  const { contested } = survey
  if (contested === undefined) return survey
  yield* findKeepers(run, survey, contested)
  run.passes.expect(arena.info.externalNlba)
  yield* suspectSharers(run, survey, contested)
  return survey
}
