/**
 * An operation's stay in a lane: how it gets in, and how it gets out, whatever its end is.
 *
 * Invariants:
 * - A lane is given back once, with the turn of this very hold.
 * - While a storage call of the operation is under way, nobody else gets its lane: the call may still write the lane's free block, or use the lane's buffers. An
 *   operation can be ended there, when its driver goes away or refuses to wait. Then the lane is in quarantine, and the operation in the gate, until the
 *   call is over; so the storage is not closed under it either. So long it also keeps its map lock, if it has one: what is under way may be a store to
 *   entries that this lock covers. It still waits for storage only.
 * - The read tracking is left at once all the same. An entry keeps a block as it is for what a read returns, or a partial write builds on, and an
 *   operation that was ended returns nothing and publishes nothing. What its call still fetches goes to a buffer whose content means nothing then. To keep the entry
 *   would hold up the writer of that block, and with it a second lane, for as long as the call takes.
 */
import type { Sleepable, Wait } from '@bttkit/interfaces'
import type { Arena } from './arena.ts'
import { arenaOf, type Attachment } from './attachment.ts'
import { StorageCall } from './storage-call.ts'

const NO_LANE = -1

export class LaneSection {
  readonly attachment: Attachment
  /** The lane, while it is held. */
  lane = NO_LANE
  private turn = 0
  private arena: Arena | undefined
  private call: StorageCall | undefined

  constructor(attachment: Attachment) {
    this.attachment = attachment
  }

  get isHeld(): boolean {
    return this.lane !== NO_LANE
  }

  /** Gets into a lane, unless that takes waiting. */
  tryEnter(hint: number): boolean {
    const lane = this.attachment.lanes.tryAcquire(hint)
    if (lane === undefined) return false
    this.hold(lane)
    return true
  }

  /** Gets into a lane; waits for one as long as the attachment allows. */
  *enter(hint: number): Sleepable<void> {
    const { lanes, laneWait } = this.attachment
    this.hold(yield* lanes.acquire(hint, laneWait))
  }

  /** The arena of an LBA, in which the section works from now on; it has left the read tracking of the one before. */
  arenaOf(lba: number): Arena {
    this.arena = arenaOf(this.attachment, lba)
    return this.arena
  }

  /** What to yield for a storage call of the section that has not finished at once. */
  waitFor(wait: Wait): Wait {
    this.call = new StorageCall(wait)
    return this.call
  }

  /** Whether a storage call of the section is still under way. */
  get hasCallUnderWay(): boolean {
    return this.call !== undefined && !this.call.isOver()
  }

  /** Gives a map lock of the arena back. Never waits; the lock may, for a call that is under way. */
  unlock({ mapLocks }: Arena, mapLock: number): void {
    if (this.call === undefined || this.call.isOver()) mapLocks.release(mapLock)
    else this.call.whenOver(() => mapLocks.release(mapLock))
  }

  /** Gets out of the lane, if it ever got in. Never waits; the lane may, for a call that is under way. */
  leave(): void {
    const { lane, turn, isHeld } = this
    if (!isHeld) return
    this.lane = NO_LANE
    this.arena?.readTracking.leave(lane)
    if (this.call === undefined || this.call.isOver()) this.attachment.lanes.release(lane, turn)
    else this.quarantine(lane, this.call)
  }

  private hold(lane: number): void {
    this.lane = lane
    this.turn = this.attachment.lanes.turnOf(lane)
  }

  private quarantine(lane: number, call: StorageCall): void {
    const { lanes, gate } = this.attachment
    lanes.quarantine(lane, this.turn)
    gate.stay()
    call.whenOver(() => {
      lanes.restore(lane)
      gate.leave()
    })
  }
}
