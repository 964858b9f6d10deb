/**
 * Zeroing whole sectors by data: zeros are written over them, in batches, and no map entry says zero afterwards. For images that Linux shall read, whose driver gets
 * zero entries wrong below sectors of 4096 bytes.
 *
 * A sector that was never written is left alone if the block of its number is all zeros, so a device that nobody wrote to is zeroed by reading it. That
 * nobody wrote it is not enough: Linux reads that block then, and it may have somebody's old data. What the map calls zero is written as well, so zeroing again makes an image
 * good that was zeroed by flags.
 *
 * Invariants:
 * - Entries and blocks are looked at under the map lock. While an entry is an initial one, the block of its number is mapped by it: nobody writes that block, and who
 *   publishes the sector waits. So such a sector was zero then, durably, and a write of it comes after the zeroing.
 * - The lane and the lock are given back before anything is written. Writes take lanes of their own, and nobody waits for a lane while holding one.
 */
import type { Sleepable } from '@bttkit/interfaces'
import { mapState } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import { arenaOf, type Attachment } from './attachment.ts'
import { MOST_SECTORS } from './batch-sector.ts'
import { LaneSection } from './lane-section.ts'
import { isBadBlockError } from './lost-sector.ts'
import { withoutSleepWhileHeld } from './no-sleep-while-held.ts'
import { writeRange } from './write-range.ts'

/** LBAs of an arena, from the first up to the end. */
interface Run {
  readonly first: number
  end: number
}

/** What of some neighbouring sectors is to be written, found line by line. */
class Survey {
  readonly runs: Run[] = []
  private readonly section: LaneSection
  private readonly arena: Arena

  constructor(section: LaneSection, arena: Arena) {
    this.section = section
    this.arena = arena
  }

  /** Looks at all of them, in a lane. */
  *look(first: number, end: number, laneHint: number): Sleepable<void> {
    const { section, arena } = this
    try {
      if (!section.tryEnter(laneHint)) yield* section.enter(laneHint)
      for (let premap = first, lineEnd = 0; premap < end; premap = lineEnd) {
        lineEnd = Math.min(end, arena.lineEnd(premap))
        yield* this.lookAtLine(premap, lineEnd)
      }
    } finally {
      section.leave()
    }
  }

  private *lookAtLine(premap: number, end: number): Sleepable<void> {
    const { section, arena } = this
    const mapLock = arena.mapLockOf(premap)
    if (!arena.mapLocks.tryAcquire(mapLock)) yield* arena.mapLocks.acquire(mapLock)
    try {
      arena.assertWritable(premap)
      const wait = arena.loadLine(section.lane, premap, end)
      if (wait !== undefined) yield section.waitFor(wait)
      for (let at = premap, next = 0; at < end; at = next) {
        next = this.endOfInitial(premap, at, end)
        if (next > at) yield* this.compareBlocks(at, next)
        else this.add(at, ++next)
      }
    } finally {
      section.unlock(arena, mapLock)
    }
  }

  /** Where the initial entries end that begin at `at`, in the loaded line. */
  private endOfInitial(premap: number, at: number, end: number): number {
    const { section, arena } = this
    let next = at
    while (next < end && mapState(arena.entryOfLine(section.lane, next - premap)) === 'initial') next++
    return next
  }

  /** Blocks of neighbouring initial sectors are neighbours. */
  private *compareBlocks(first: number, end: number): Sleepable<void> {
    const { section, arena } = this
    const stride = arena.info.internalLbasize
    const bytes = new Uint8Array((end - first) * stride)
    try {
      const wait = arena.readBlock(section.lane, first, 0, bytes, 0, bytes.length)
      if (wait !== undefined) yield section.waitFor(wait)
    } catch (error) {
      if (!isBadBlockError(error)) throw error
      this.add(first, end)
      return
    }
    const zeros = new Uint8Array(stride)
    for (let at = first; at < end; at++) {
      const start = (at - first) * stride
      if (Buffer.compare(bytes.subarray(start, start + stride), zeros) !== 0) this.add(at, at + 1)
    }
  }

  private add(first: number, end: number): void {
    const last = this.runs.at(-1)
    if (last?.end === first) last.end = end
    else this.runs.push({ first, end })
  }
}

/** Makes whole sectors zeros: those of two map lines at a time, which are as many as a batch takes. */
export function* zeroByData(
  attachment: Attachment,
  firstLba: number,
  endLba: number,
  laneHint: number,
): Sleepable<void> {
  const { sectorSize } = attachment
  const source = new Uint8Array(Math.min(MOST_SECTORS, endLba - firstLba) * sectorSize)
  for (let lba = firstLba; lba < endLba;) {
    const arena = arenaOf(attachment, lba)
    const first = lba - arena.firstLba
    const end = Math.min(endLba - arena.firstLba, arena.lineEnd(arena.lineEnd(first)))
    const section = new LaneSection(attachment)
    const survey = new Survey(section, arena)
    yield* withoutSleepWhileHeld(section, survey.look(first, end, laneHint))
    for (const run of survey.runs) {
      const offset = (arena.firstLba + run.first) * sectorSize
      const length = (run.end - run.first) * sectorSize
      yield* writeRange(attachment, {
        offset,
        length,
        source: source.subarray(0, length),
        partOfLaneHint: laneHint,
      })
    }
    lba = arena.firstLba + end
  }
}
