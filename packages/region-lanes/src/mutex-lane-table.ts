/**
 * The lane table for one thread: a mutex a lane, taken unconditionally, whoever asks.
 *
 * This is the shape that Linux arrived at: the processor number, or any other hint, only chooses where to look first; what
 * makes a lane exclusive is its lock and nothing else. A task that is preempted at any wait still holds it, and a flush may
 * sleep under it.
 */
import type { LanePolicy, LaneTable, Sleepable } from '@bttkit/interfaces'
import { MutexLocks } from './mutex-locks.ts'

const COMMON_QUEUE = 0

export class MutexLaneTable implements LaneTable {
  readonly laneCount: number
  readonly atomicWhileHeld = false
  private readonly locks: MutexLocks
  private readonly policy: LanePolicy

  /**
   * @param words one word a lane, 0 when free
   * @throws {LaneMisuseError} for no lanes
   */
  constructor(words: Int32Array, policy: LanePolicy = 'first-idle') {
    const queueOf = policy === 'static' ? (lane: number) => lane : () => COMMON_QUEUE
    this.locks = new MutexLocks(words, 'lane', queueOf)
    this.laneCount = words.length
    this.policy = policy
  }

  tryAcquire(hint: number): number | undefined {
    const hinted = hint % this.laneCount
    if (this.locks.tryAcquire(hinted)) return hinted
    return this.policy === 'static' ? undefined : this.firstIdleAfter(hinted)
  }

  *acquire(hint: number): Sleepable<number> {
    const lane = this.tryAcquire(hint)
    if (lane !== undefined) return lane
    return yield* this.locks.waitIn(this.policy === 'static' ? hint % this.laneCount : COMMON_QUEUE)
  }

  release(lane: number): void {
    this.locks.release(lane)
  }

  heldCount(): number {
    return this.locks.heldCount()
  }

  private firstIdleAfter(hinted: number): number | undefined {
    for (let distance = 1; distance < this.laneCount; distance++) {
      const lane = (hinted + distance) % this.laneCount
      if (this.locks.tryAcquire(lane)) return lane
    }
    return undefined
  }
}
