/**
 * Reading. A block is read only while it is in the read tracking under the reader's lane and, after it was put there, the map still
 * named it (look-up.ts): from then on no writer takes the block over (invariants 4 and 5 of write-range.ts), however long the reader is preempted.
 *
 * A reader waits for nothing but storage while it is in the read tracking. One whose block the medium has lost leaves it and marks the sector (lost-sector.ts).
 */
import type { Sleepable } from '@bttkit/interfaces'
import type { Attachment } from './attachment.ts'
import { LaneSection } from './lane-section.ts'
import { LookUp } from './look-up.ts'
import { confirmLoss } from './lost-sector.ts'
import { withoutSleepWhileHeld } from './no-sleep-while-held.ts'

/** Bytes to read. `metadata` is for whole sectors only, and gets theirs one after the other. */
export interface ReadRequest {
  readonly offset: number
  readonly target: Uint8Array
  readonly metadata?: Uint8Array | undefined
}

/** Fills the target, whole and parts of sectors, under one lane. */
export function readRange(attachment: Attachment, request: ReadRequest): Sleepable<void> {
  const section = new LaneSection(attachment)
  return withoutSleepWhileHeld(section, readSectors(section, request))
}

function* readSectors(section: LaneSection, request: ReadRequest): Sleepable<void> {
  const { attachment } = section
  const { gate, sectorSize, metadataSize, looksUpUnderLock } = attachment
  const { offset, target, metadata } = request
  if (target.length === 0) return
  gate.enter('reading')
  try {
    const hint = attachment.laneHint++
    if (!section.tryEnter(hint)) yield* section.enter(hint)
    const { lane } = section
    const lookUp = new LookUp()
    for (let done = 0, length = 0, failures = 0; done < target.length; done += length) {
      const lba = Math.floor((offset + done) / sectorSize)
      const within = offset + done - lba * sectorSize
      length = Math.min(sectorSize - within, target.length - done)
      const metadataAt = metadata === undefined ? 0 : (done / sectorSize) * metadataSize
      const arena = section.arenaOf(lba)
      const premap = lba - arena.firstLba
      let wait
      if (arena.mapCache !== undefined) yield* lookUp.inCachedMap(section, arena, premap)
      else if (looksUpUnderLock) yield* lookUp.underLock(section, arena, premap)
      else while ((wait = lookUp.goOn(section, arena, premap)) !== undefined) yield wait
      const { block } = lookUp
      if (block === undefined) {
        target.fill(0, done, done + length)
        metadata?.fill(0, metadataAt, metadataAt + metadataSize)
        continue
      }
      try {
        wait = arena.readBlock(lane, block, within, target, done, length)
        if (wait !== undefined) yield section.waitFor(wait)
        if (metadata !== undefined) {
          wait = arena.readMetadata(lane, block, metadata, metadataAt)
          if (wait !== undefined) yield section.waitFor(wait)
        }
      } catch (error) {
        yield* confirmLoss(section, arena, premap, ++failures, error)
        length = 0
        continue
      }
      failures = 0
      arena.readTracking.leave(lane)
    }
    attachment.counters.countRead(target.length)
  } finally {
    section.leave()
    gate.leave()
  }
}
