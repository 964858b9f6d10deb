/**
 * An operation's stay in a lane: how it gets in, and how it gets out, whatever its end is. An operation that has a lane may take others beside it, for a batch
 * (write-batch.ts).
 *
 * Invariants:
 * - A lane is given back once, with the turn of this very hold.
 * - It waits for a lane only while it has none. Others beside it are taken when they are idle, or not at all.
 * - While a storage call of the operation is under way, nobody else gets one of its lanes: the call may still write the lane's free block, or use the lane's buffers. An
 *   operation can be ended there, when its driver goes away or refuses to wait. Then its lanes are in quarantine, and the operation in the gate, until the
 *   call is over; so the storage is not closed under it either. So long it also keeps its map locks, if it has any: what is under way may be a store to
 *   entries that they cover. It still waits for storage only.
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
  /** The lane in which it works, while it is held. */
  lane = NO_LANE
  /** The lane that it got into; the same, but while it works in one beside it. */
  private entered = NO_LANE
  private turn = 0
  /** The lanes beside that one, each followed by the number of its hold. */
  private readonly beside: number[] = []
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

  /** Takes one more lane, beside the one that it has, if one is idle. */
  tryTakeBeside(hint: number): number | undefined {
    const { lanes } = this.attachment
    const lane = lanes.tryAcquire(hint)
    if (lane !== undefined) this.beside.push(lane, lanes.turnOf(lane))
    return lane
  }

  /** Works in another one of its lanes from now on. */
  workIn(lane: number): void {
    this.lane = lane
  }

  /** Gives the lanes back that it took beside the one that it got into, in which it works then. Never waits, as `leave`. */
  leaveBeside(): void {
    const { beside } = this
    this.lane = this.entered
    for (let at = 0; at < beside.length; at += 2) this.giveBack(beside[at] ?? NO_LANE, beside[at + 1] ?? 0)
    beside.length = 0
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

  /** Gets out of its lanes, if it ever got in. Never waits; a lane may, for a call that is under way. */
  leave(): void {
    const { entered, turn, isHeld } = this
    if (!isHeld) return
    if (this.beside.length > 0) this.leaveBeside()
    this.lane = NO_LANE
    this.giveBack(entered, turn)
  }

  private hold(lane: number): void {
    this.lane = lane
    this.entered = lane
    this.turn = this.attachment.lanes.turnOf(lane)
  }

  private giveBack(lane: number, turn: number): void {
    this.arena?.readTracking.leave(lane)
    if (this.call === undefined || this.call.isOver()) this.attachment.lanes.release(lane, turn)
    else this.quarantine(lane, turn, this.call)
  }

  private quarantine(lane: number, turn: number, call: StorageCall): void {
    const { lanes, gate } = this.attachment
    lanes.quarantine(lane, turn)
    gate.stay()
    call.whenOver(() => {
      lanes.restore(lane)
      gate.leave()
    })
  }
}
