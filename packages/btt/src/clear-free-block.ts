/**
 * Making a lane's free block fit to be written when its medium is known to be bad: zeros over the whole of it, durably, and a read to see whether that has helped.
 *
 * Invariants:
 * - All of it happens inside the lane, after nobody reads the block any more. Whoever clears a block after leaving its lane may wipe out what the next holder
 *   has published in it.
 * - Nothing beside the block is stored. A bad unit of 512 bytes that it shares with a neighbour stays bad, because the neighbour's part of it is lost and
 *   must not turn into zeros in silence. The write then goes on in another lane.
 * - The section holds one lane at a time: it has left the one before it waits for another.
 * - In the other lane it asks anew whether the arena takes writes, before anything is stored. Whoever had that lane may have failed half-way, and its free block
 *   may be mapped (invariant 12 of write-range.ts).
 */
import { BadBlockError, type BttkitError, type Sleepable } from '@bttkit/interfaces'
import type { Arena } from './arena.ts'
import type { LaneSection } from './lane-section.ts'
import { isBadBlockError } from './lost-sector.ts'

/** Clears the free block of the section's lane. Returns the loss if the medium is still bad. */
function* clear(section: LaneSection, arena: Arena): Sleepable<BttkitError | undefined> {
  const { lane } = section
  let wait = arena.storeZeros(lane)
  if (wait !== undefined) yield section.waitFor(wait)
  if ((wait = arena.persistZeros(lane)) !== undefined) yield section.waitFor(wait)
  try {
    if ((wait = arena.readCleared(lane)) !== undefined) yield section.waitFor(wait)
  } catch (error) {
    if (!isBadBlockError(error)) throw error
    return error
  }
  arena.flog.forgetBadBlock(lane)
  return undefined
}

/** Gets out of the lane and into another one, if one is idle. Waits for none where the old one is still to be had, so one that must not sleep does not. */
function* changeLane(section: LaneSection): Sleepable<void> {
  const { lane, attachment } = section
  const { laneCount } = attachment.lanes
  section.leave()
  for (let next = 1; next <= laneCount; next++) if (section.tryEnter(lane + next)) return
  yield* section.enter(lane + 1)
}

/**
 * Makes the free block of the section's lane fit to be written: nobody reads it, and its medium is not known to be bad. Where zeros do not help, the section gets into
 * another lane; it tries as many as there are. Stores nothing but zeros in free blocks.
 *
 * @throws {BadBlockError} when no lane that it got into has such a block; {ArenaErrorStateError} when the arena takes no writes any more
 */
export function* makeFreeBlockFit(section: LaneSection, arena: Arena, premap: number): Sleepable<void> {
  for (let left = section.attachment.lanes.laneCount; ; left--) {
    const block = arena.flog.freeBlock(section.lane)
    if (arena.readTracking.isRead(block)) yield* arena.readTracking.waitUntilUnread(block)
    if (!arena.isFreeBlockBad(section.lane)) return
    const loss = yield* clear(section, arena)
    if (loss === undefined) return
    if (left === 1) {
      throw new BadBlockError(
        { ...arena.place(premap, section.lane), offset: loss.place.offset },
        'the medium of the free block is bad, and zeros over the block do not help (it may share a unit of 512 bytes with its neighbour), so no lane that was tried can write',
        { cause: loss },
      )
    }
    yield* changeLane(section)
    arena.assertWritable(premap)
  }
}
