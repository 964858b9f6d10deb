import { LaneMisuseError, type LaneWaitOptions, type Sleepable } from '@bttkit/interfaces'
import { WaitQueue } from '../wait-queue.ts'

const FREE = 0
const HELD = 1

/**
 * Spinlocks, one a lane, for the tasks of one thread.
 *
 * To spin would hang the only thread, so a task that finds a lock taken waits in a queue (first in, first out, as the kernel's
 * queued spinlocks do); under `runAtomic` it is refused. Unlike a mutex of this package, `unlock` notices nothing: a kernel
 * without lock debugging stores "free" whoever holds the lock, or nobody.
 */
export class SpinLocks {
  private readonly words: Int32Array
  private readonly queues: readonly WaitQueue[]

  /**
   * @param words one word a lock, 0 when free
   * @throws {LaneMisuseError} for no words at all
   */
  constructor(words: Int32Array) {
    if (words.length === 0) throw new LaneMisuseError({}, 'a table of lanes needs at least one')
    this.words = words
    this.queues = Array.from(words, () => new WaitQueue())
  }

  tryLock(lane: number): boolean {
    if (this.words[lane] !== FREE) return false
    this.words[lane] = HELD
    return true
  }

  /** A kernel task cannot stop spinning. Ours waits, and may be told to stop as everybody who waits for a lane. */
  *lock(lane: number, options: LaneWaitOptions = {}): Sleepable<void> {
    if (this.tryLock(lane)) return
    const on = { object: 'lane', kind: 'acquire', start: lane, end: lane + 1 } as const
    const queue = this.queues[lane]
    if (queue !== undefined) yield* queue.take(on, options, () => this.unlock(lane))
  }

  /** Hands the lock to the next waiter, or sets it free. */
  unlock(lane: number): void {
    if (this.queues[lane]?.handOver(lane) !== true) this.words[lane] = FREE
  }
}
