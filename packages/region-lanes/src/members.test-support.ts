/** Threads as the engine makes them: with a place among others, and with what it takes to put in order what dead ones held. */
import type { LanePolicy, Sleepable, ThreadPlace } from '@bttkit/interfaces'
import { SharedLaneTable, SharedLocks, SharedReadTracking, ThreadRegistry } from './index.ts'
import { sharedWords } from './threads.test-support.ts'

export interface CommonWords {
  readonly threads: Int32Array
  readonly lanes: Int32Array
  readonly locks: Int32Array
  readonly tracking: Int32Array
}

export const commonWords = (lanes: number, locks: number): CommonWords => ({
  threads: sharedWords(ThreadRegistry.WORDS),
  lanes: sharedWords(lanes + 1),
  locks: sharedWords(locks),
  tracking: sharedWords(lanes),
})

/** Puts in order what the dead holder may have left half done. */
export interface Repairs {
  readonly lane: (lane: number) => void
  readonly lock: (lock: number) => void
}

/** Short, as most tests wait for one. */
const ROUND_MS = 20

export class Member implements ThreadPlace {
  readonly registry: ThreadRegistry
  readonly number: number
  readonly lanes: SharedLaneTable
  readonly locks: SharedLocks
  readonly tracking: SharedReadTracking
  private readonly repairs: Repairs

  constructor(words: CommonWords, policy: LanePolicy, repairs: Repairs = { lane: () => {}, lock: () => {} }) {
    this.registry = new ThreadRegistry(words.threads)
    this.number = this.registry.join()
    this.lanes = new SharedLaneTable(words.lanes, { policy, thread: this }, ROUND_MS)
    this.locks = new SharedLocks(words.locks, 'map-lock', this, ROUND_MS)
    this.tracking = new SharedReadTracking(words.tracking, this, ROUND_MS)
    this.repairs = repairs
  }

  *recoverDead(): Sleepable<void> {
    for (;;) {
      const dead = this.registry.claimDead(this.number)
      if (dead === undefined) return
      for (const lock of this.locks.locksOf(dead)) {
        this.locks.takeOver(lock, dead)
        this.repairs.lock(lock)
        this.locks.release(lock)
      }
      for (const lane of this.lanes.lanesOf(dead)) {
        this.lanes.takeOver(lane, dead)
        this.repairs.lane(lane)
        this.tracking.leave(lane)
        this.lanes.release(lane)
      }
      this.registry.bury(dead)
    }
  }

  leave(): void {
    this.registry.leave(this.number)
  }
}
