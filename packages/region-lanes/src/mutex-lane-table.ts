/**
 * The lane table for one thread: a mutex a lane, taken unconditionally, whoever asks.
 *
 * This is the shape that Linux arrived at: the processor number, or any other hint, only chooses where to look first; what
 * makes a lane exclusive is its lock and nothing else. A task that is preempted at any wait still holds it, and a flush may
 * sleep under it.
 *
 * Waiters are served first in, first out: those for one lane under `static`, all of them under `first-idle`.
 */
import type { LanePolicy, LaneTable, LaneWaitOptions, Sleepable } from '@bttkit/interfaces'
import { checkHint } from './check-hint.ts'
import { checkWaitOptions, nameOf } from './limited-wait.ts'
import { MutexLocks } from './mutex-locks.ts'

export class MutexLaneTable implements LaneTable {
  readonly laneCount: number
  readonly atomicWhileHeld = false
  readonly isExclusive = true
  private readonly locks: MutexLocks
  private readonly policy: LanePolicy

  /**
   * @param words one word a lane, 0 when free
   * @throws {LaneMisuseError} for no lanes
   */
  constructor(words: Int32Array, policy: LanePolicy = 'first-idle') {
    this.locks = new MutexLocks(words, 'lane', policy === 'static' ? 'one-each' : 'common')
    this.laneCount = words.length
    this.policy = policy
  }

  tryAcquire(hint: number): number | undefined {
    return this.takeIdle(this.hintedLane(hint))
  }

  /**
   * A signal that is aborted already is refused whether or not a lane is idle: what a caller gets who wants nothing any more does not
   * depend on the others. A limit of 0 takes an idle lane and waits for none.
   */
  *acquire(hint: number, options?: LaneWaitOptions): Sleepable<number> {
    const hinted = this.hintedLane(hint)
    if (options !== undefined) checkWaitOptions(options, nameOf(this.locks.subjectOf(hinted)))
    const lane = this.takeIdle(hinted)
    if (lane !== undefined) return lane
    return yield* this.locks.waitFor(hinted, options)
  }

  turnOf(lane: number): number {
    return this.locks.turnOf(lane)
  }

  release(lane: number, turn?: number): void {
    this.locks.release(lane, turn)
  }

  quarantine(lane: number, turn?: number): void {
    this.locks.quarantine(lane, turn)
  }

  restore(lane: number): void {
    this.locks.restore(lane)
  }

  /** Quarantined lanes count as held. */
  heldCount(): number {
    return this.locks.heldCount()
  }

  private hintedLane(hint: number): number {
    checkHint(hint)
    return hint % this.laneCount
  }

  private takeIdle(hinted: number): number | undefined {
    if (this.locks.tryAcquire(hinted)) return hinted
    if (this.policy === 'static') return undefined
    for (let distance = 1; distance < this.laneCount; distance++) {
      const lane = (hinted + distance) % this.laneCount
      if (this.locks.tryAcquire(lane)) return lane
    }
    return undefined
  }
}
