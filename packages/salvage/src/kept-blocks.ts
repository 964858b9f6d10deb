/** Hands out the blocks whose content is no sector's for sure, but for those of zeros. Holes are not read. */
import type { ByteRange, Sleepable } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, mapState, stripFlags, type Bitmap } from '@bttkit/btt-format'
import { readMap } from '@bttkit/checker-image/parts'
import { BlockReader, type LossesByIndex } from './block-reader.ts'
import type { KeptBlock, KeptWhy } from './salvage-sink.ts'
import type { SalvageRun } from './salvage-run.ts'
import type { ArenaSurvey } from './survey-map.ts'

/** The storage is asked for its holes in so much at once. */
const WINDOW_BYTES = 2 ** 30
/** Blocks that wait for the names of their sectors. The map is read once for so many. */
const MOST_UNNAMED = 2 ** 18
/** Sectors of one block that are named. */
const MOST_NAMED = 1000

/** A block that is not handed out yet. */
interface Found {
  readonly block: number
  readonly at: number
  readonly lost: readonly ByteRange[] | undefined
  why: KeptWhy
  readonly lbas: number[]
  holders: number
}

/** What was found of the blocks of an arena. */
export interface KeptSummary {
  readonly blocks: number
  /** Of them, those that are nobody's. */
  readonly unreferenced: number
  /** Blocks of which the medium has lost a part. */
  readonly damaged: number
  /** Where the contents of free blocks are that were kept. */
  readonly freeAt: ReadonlyMap<number, number>
}

class BlockKeeping {
  private readonly run: SalvageRun
  private readonly survey: ArenaSurvey
  private readonly delivered: Bitmap
  private readonly blockReader: BlockReader
  private readonly contentBytes: number
  private readonly gathered: Uint32Array
  private gatheredCount = 0
  private readonly zeros: Uint8Array
  private found: Found[] = []
  private at: number
  private readonly freeAt = new Map<number, number>()
  private blocks = 0
  private unreferenced = 0
  private damaged = 0

  constructor(
    run: SalvageRun,
    survey: ArenaSurvey,
    delivered: Bitmap,
    contentBytes: number,
    firstAt: number,
  ) {
    this.run = run
    this.survey = survey
    this.delivered = delivered
    this.contentBytes = contentBytes
    this.blockReader = new BlockReader(run.reader, survey.arena, contentBytes)
    this.gathered = new Uint32Array(this.blockReader.capacity)
    this.zeros = new Uint8Array(contentBytes)
    this.at = firstAt
  }

  *keep(): Sleepable<KeptSummary> {
    const { internalNlba, internalLbasize } = this.survey.arena.info
    const window = Math.max(1, Math.floor(WINDOW_BYTES / internalLbasize))
    for (let first = 0; first < internalNlba; first += window) {
      const end = Math.min(internalNlba, first + window)
      yield* this.keepIn(first, end)
      this.run.advance((end - first) * internalLbasize)
      yield* this.run.pause()
    }
    yield* this.readGathered()
    yield* this.handOut()
    const { blocks, unreferenced, damaged, freeAt } = this
    return { blocks, unreferenced, damaged, freeAt }
  }

  private *keepIn(first: number, end: number): Sleepable<void> {
    const { internalLbasize } = this.survey.arena.info
    const start = this.blockReader.offsetOf(0)
    const { delivered, gathered } = this
    let next = first
    for (const range of this.run.reader.dataRanges(
      this.blockReader.offsetOf(first),
      (end - first) * internalLbasize,
    )) {
      // A hole need not end where a block does.
      next = Math.max(next, Math.floor((range.offset - start) / internalLbasize))
      const to = Math.min(end, Math.ceil((range.offset + range.length - start) / internalLbasize))
      for (; next < to; next++) {
        if (delivered.has(next)) continue
        gathered[this.gatheredCount++] = next
        if (this.gatheredCount === gathered.length) yield* this.readGathered()
      }
    }
  }

  private *readGathered(): Sleepable<void> {
    const { blockReader, gathered, gatheredCount } = this
    const losses = yield* blockReader.read(gathered, gatheredCount)
    for (let i = 0; i < gatheredCount;) {
      let count = 0
      while (i + count < gatheredCount && this.isKept(i + count, losses)) count++
      if (count > 0) yield* this.take(i, count, losses)
      i += count + 1
    }
    this.gatheredCount = 0
    if (this.found.length >= MOST_UNNAMED) yield* this.handOut()
    yield* this.run.pause()
  }

  private isKept(index: number, losses: LossesByIndex): boolean {
    return losses.has(index) || Buffer.compare(this.blockReader.contentOf(index, 1), this.zeros) !== 0
  }

  private *take(from: number, count: number, losses: LossesByIndex): Sleepable<void> {
    const wait = this.run.sink.blockContent(this.at, this.blockReader.contentOf(from, count))
    if (wait !== undefined) yield wait
    for (let i = from; i < from + count; i++) {
      this.note(this.gathered[i] ?? 0, losses.get(i))
      this.at += this.contentBytes
    }
  }

  private note(block: number, lost: readonly ByteRange[] | undefined): void {
    const { at } = this
    const why = this.whyKept(block)
    const lbas = why === 'never-written' ? [this.survey.arena.firstLba + block] : []
    if (this.survey.flog.reading.free.has(block)) this.freeAt.set(block, at)
    if (lost !== undefined) this.damaged++
    if (why === 'unreferenced') this.unreferenced++
    this.blocks++
    this.found.push({ block, at, lost, why, lbas, holders: lbas.length })
  }

  private whyKept(block: number): KeptWhy {
    const { content, flagged, flog, unwritten } = this.survey
    if (content.has(block)) return 'duplicate'
    if (flog.reading.free.has(block)) return 'free'
    // Which of the two is told by the entry.
    if (flagged.has(block)) return 'zeroed'
    return unwritten.has(block) ? 'never-written' : 'unreferenced'
  }

  /** Hands out what was found, with the names of the sectors. */
  private *handOut(): Sleepable<void> {
    const { found, survey } = this
    this.found = []
    const { content, flagged } = survey
    const unnamed = new Map<number, Found>()
    for (const one of found) if (content.has(one.block) || flagged.has(one.block)) unnamed.set(one.block, one)
    if (unnamed.size > 0) yield* this.nameHolders(unnamed)
    for (const { block, at, lost, why, lbas, holders } of found) {
      const lanes = survey.flog.reading.free.get(block) ?? []
      const kept: KeptBlock = { block, at, why, lbas, holders, lanes, ...(lost && { lost }) }
      const wait = this.run.sink.keptBlock(kept)
      if (wait !== undefined) yield wait
    }
  }

  private *nameHolders(unnamed: ReadonlyMap<number, Found>): Sleepable<void> {
    const { arena, flog } = this.survey
    yield* readMap(this.run.checkRun(), arena, flog.completed, {
      entries(view, first, count) {
        for (let i = 0; i < count; i++) {
          const entry = view.getUint32(i * MAP_ENTRY_BYTES, true)
          const state = mapState(entry)
          const one = state === 'initial' ? undefined : unnamed.get(stripFlags(entry))
          if (one === undefined) continue
          one.holders++
          if (one.lbas.length < MOST_NAMED) one.lbas.push(arena.firstLba + first + i)
          if (state === 'error' && one.why === 'zeroed') one.why = 'marked-lost'
        }
      },
      hole: () => undefined,
      lost: () => undefined,
    })
  }
}

/**
 * @param delivered blocks that are left out, because they were handed out as a sector's
 * @param firstAt byte at which the contents of those that are kept go on
 */
export function* keepBlocks(
  run: SalvageRun,
  survey: ArenaSurvey,
  delivered: Bitmap,
  contentBytes: number,
  firstAt: number,
): Sleepable<KeptSummary> {
  return yield* new BlockKeeping(run, survey, delivered, contentBytes, firstAt).keep()
}
