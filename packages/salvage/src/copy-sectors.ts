/** Hands out the sectors of an arena: what each is, and the contents of those that have one. */
import type { Sleepable } from '@bttkit/interfaces'
import { Bitmap, stripFlags } from '@bttkit/btt-format'
import { BlockReader } from './block-reader.ts'
import { STANDING, hasContent, type Standing } from './certainty.ts'
import { SectorJudge } from './judge-sector.ts'
import { forEachMapPiece, type MapPiece } from './map-pieces.ts'
import type { SalvageRun } from './salvage-run.ts'
import type { SectorRuns } from './sector-runs.ts'
import type { ArenaSurvey } from './survey-map.ts'

class SectorCopy {
  /** Blocks whose contents were handed out as a sector's. */
  readonly delivered: Bitmap
  private readonly run: SalvageRun
  private readonly survey: ArenaSurvey
  private readonly runs: SectorRuns
  private readonly judge: SectorJudge
  private readonly blockReader: BlockReader
  /** Sectors in a row with a content, which are not yet handed out. */
  private readonly blocks: Uint32Array
  private readonly standings: Standing[] = []
  private firstLba = 0

  constructor(run: SalvageRun, survey: ArenaSurvey, sound: Standing, runs: SectorRuns, contentBytes: number) {
    this.run = run
    this.survey = survey
    this.runs = runs
    this.judge = new SectorJudge(survey, sound)
    this.delivered = new Bitmap(survey.arena.info.internalNlba)
    this.blockReader = new BlockReader(run.reader, survey.arena, contentBytes)
    this.blocks = new Uint32Array(this.blockReader.capacity)
  }

  *copy(): Sleepable<void> {
    const { arena, flog } = this.survey
    yield* forEachMapPiece(this.run.checkRun(), arena, flog.completed, (piece) => this.copyPiece(piece))
    yield* this.handOut()
    yield* this.runs.end()
  }

  private *copyPiece({ first, count, entries }: MapPiece): Sleepable<void> {
    const { firstLba, info } = this.survey.arena
    const lba = firstLba + first
    if (entries === 'lost') yield* this.takeEmpty(lba, count, STANDING.entryUnreadable)
    else if (entries === 'zero') yield* this.copyHole(first, count)
    else
      for (let i = 0; i < count; i++) {
        const entry = entries[i] ?? 0
        const standing = this.judge.judge(entry, first + i)
        if (hasContent(standing)) yield* this.takeContent(lba + i, stripFlags(entry), standing)
        else yield* this.takeEmpty(lba + i, 1, standing, blockToTell(standing, entry))
      }
    this.run.advance(count * info.internalLbasize)
    yield* this.run.pause()
  }

  /** Sectors that were never written, as far as the map says. */
  private *copyHole(first: number, count: number): Sleepable<void> {
    const { firstLba } = this.survey.arena
    for (let from = first; from < first + count;) {
      const standing = this.judge.judgeUnwritten(from)
      let to = from + 1
      while (to < first + count && this.judge.judgeUnwritten(to) === standing) to++
      yield* this.takeEmpty(firstLba + from, to - from, standing)
      from = to
    }
  }

  private *takeEmpty(lba: number, count: number, standing: Standing, block?: number): Sleepable<void> {
    if (this.standings.length > 0) yield* this.handOut()
    else if (this.runs.extend(count, standing, block)) return
    yield* this.runs.add(lba, count, standing, block)
  }

  private *takeContent(lba: number, block: number, standing: Standing): Sleepable<void> {
    const { standings, blocks } = this
    if (standings.length === 0) this.firstLba = lba
    blocks[standings.length] = block
    standings.push(standing)
    this.delivered.add(block)
    if (standings.length === blocks.length) yield* this.handOut()
  }

  /** Reads and hands out what was gathered. */
  private *handOut(): Sleepable<void> {
    const { standings, blocks, firstLba, blockReader, runs } = this
    const count = standings.length
    if (count === 0) return
    const losses = yield* blockReader.read(blocks, count)
    const wait = this.run.sink.sectors(firstLba, blockReader.contentOf(0, count))
    if (wait !== undefined) yield wait
    for (const [i, standing] of standings.entries()) {
      const lost = losses.get(i)
      if (lost !== undefined) yield* runs.add(firstLba + i, 1, STANDING.unreadable, undefined, lost)
      else if (!runs.extend(1, standing)) yield* runs.add(firstLba + i, 1, standing)
    }
    standings.length = 0
    yield* this.run.pause()
  }
}

/** The block that a sector is told with. */
function blockToTell(standing: Standing, entry: number): number | undefined {
  const isTold = standing.certainty === 'duplicate' || standing === STANDING.entryWithoutFlags
  return isTold ? stripFlags(entry) : undefined
}

/**
 * @param sound what a sector is with which nothing is wrong
 * @param contentBytes that are handed out of each sector
 * @returns the blocks whose contents were handed out
 */
export function* copySectors(
  run: SalvageRun,
  survey: ArenaSurvey,
  sound: Standing,
  runs: SectorRuns,
  contentBytes: number,
): Sleepable<Bitmap> {
  const copy = new SectorCopy(run, survey, sound, runs, contentBytes)
  yield* copy.copy()
  return copy.delivered
}
