/**
 * Reading. A block is read only while it is in the read tracking under the reader's lane and, after it was put there, the map still
 * named it: from then on no writer takes the block over (invariants 4 and 5 of write-range.ts), however long the reader is preempted.
 *
 * A reader waits for nothing but storage while it is in the read tracking.
 */
import { SectorErrorError, type Sleepable } from '@bttkit/interfaces'
import { mapState } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import { arenaOf, type Attachment } from './attachment.ts'

/** Bytes to read. `metadata` is for whole sectors only, and gets theirs one after the other. */
export interface ReadRequest {
  readonly offset: number
  readonly target: Uint8Array
  readonly metadata?: Uint8Array | undefined
}

/** What an entry means to a reader: the block to read, or `undefined` for zeros. */
export function readableBlock(
  attachment: Attachment,
  arena: Arena,
  premap: number,
  entry: number,
): number | undefined {
  switch (mapState(entry)) {
    case 'normal':
      return arena.blockOf(entry, premap)
    case 'initial':
      return attachment.initialSectors === 'identity' ? arena.blockOf(entry, premap) : undefined
    case 'zero':
      return undefined
    case 'error':
      throw new SectorErrorError(
        arena.place(premap),
        'the content of this sector is lost (the map marks it as an error); writing it makes it good',
      )
  }
}

/** Fills the target, whole and parts of sectors, under one lane. */
export function* readRange(attachment: Attachment, request: ReadRequest): Sleepable<void> {
  const { lanes, gate, sectorSize, metadataSize } = attachment
  const { offset, target, metadata } = request
  if (target.length === 0) return
  gate.enter('reading')
  let lane: number | undefined
  let arena: Arena | undefined
  try {
    const hint = attachment.laneHint++
    lane = lanes.tryAcquire(hint) ?? (yield* lanes.acquire(hint))
    let done = 0
    while (done < target.length) {
      const lba = Math.floor((offset + done) / sectorSize)
      const within = offset + done - lba * sectorSize
      const length = Math.min(sectorSize - within, target.length - done)
      arena = arenaOf(attachment, lba)
      const premap = lba - arena.firstLba
      const metadataAt = metadata === undefined ? 0 : (done / sectorSize) * metadataSize

      let wait = arena.loadEntry(lane, premap)
      if (wait !== undefined) yield wait
      let entry = arena.loadedEntry(lane, premap)
      let block = readableBlock(attachment, arena, premap, entry)
      while (block !== undefined) {
        arena.readTracking.enter(lane, block)
        wait = arena.loadEntry(lane, premap)
        if (wait !== undefined) yield wait
        const now = arena.loadedEntry(lane, premap)
        if (now === entry) break
        entry = now
        arena.readTracking.leave(lane)
        block = readableBlock(attachment, arena, premap, entry)
      }
      if (block === undefined) {
        target.fill(0, done, done + length)
        metadata?.fill(0, metadataAt, metadataAt + metadataSize)
      } else {
        wait = arena.readBlock(block, within, target, done, length)
        if (wait !== undefined) yield wait
        if (metadata !== undefined) {
          wait = arena.readBlock(block, sectorSize, metadata, metadataAt, metadataSize)
          if (wait !== undefined) yield wait
        }
        arena.readTracking.leave(lane)
      }
      done += length
    }
    attachment.counters.countRead(target.length)
  } finally {
    if (lane !== undefined) {
      arena?.readTracking.leave(lane)
      lanes.release(lane)
    }
    gate.leave()
  }
}
