/**
 * The lane table for several threads.
 *
 * Layout: one word a lane, as in `SharedLocks`, then one word that says that some lane was released: its lowest bit is set
 * while somebody may wait for any lane, the others count the releases that such a waiter must see.
 *
 * Invariants (first-idle; a static table waits for the lane's own word):
 * - A waiter sets the bit and looks at every lane after that; a releaser frees its lane and looks at the bit after that. Atomics
 *   are sequentially consistent, so one of them sees the other: the waiter the lane, or the releaser the bit.
 * - A waiter sleeps on the very value that it read before it looked at the lanes. A release that sees the bit changes the
 *   value before it wakes one waiter, so one on its way to sleep does not sleep.
 * - The bit is cleared only after a notification that woke nobody, and with a new count. Whoever fell asleep before the
 *   clearing is woken after it.
 *
 * There is no handover and no order: a thread that runs may take a lane before the one that was woken (see `SharedLocks`).
 */
import { LaneMisuseError, type LanePolicy, type LaneTable, type Sleepable } from '@bttkit/interfaces'
import { SharedLocks } from './shared-locks.ts'
import { WordWait, requireShared, type SharedWaitOptions } from './word-wait.ts'

const WAITED_FOR = 1
const ONE_RELEASE = 2

export class SharedLaneTable implements LaneTable {
  readonly laneCount: number
  readonly atomicWhileHeld = false
  private readonly words: Int32Array
  private readonly locks: SharedLocks
  private readonly policy: LanePolicy
  private readonly options: SharedWaitOptions

  /** How many words a table of `lanes` lanes needs. */
  static wordsFor(lanes: number): number {
    return lanes + 1
  }

  /**
   * @param words of a SharedArrayBuffer, 0 at first: one a lane and one more
   * @throws {LaneMisuseError} for no lanes, or words that are not shared
   */
  constructor(words: Int32Array, policy: LanePolicy = 'first-idle', options: SharedWaitOptions = {}) {
    requireShared(words, 'lane')
    this.laneCount = Math.max(0, words.length - 1)
    this.locks = new SharedLocks(words.subarray(0, this.laneCount), 'lane', options)
    this.words = words
    this.policy = policy
    this.options = options
  }

  tryAcquire(hint: number): number | undefined {
    if (!Number.isInteger(hint) || hint < 0) throw new LaneMisuseError({}, `${hint} is no hint for a lane`)
    const hinted = hint % this.laneCount
    if (this.locks.tryAcquire(hinted)) return hinted
    if (this.policy === 'static') return undefined
    for (let distance = 1; distance < this.laneCount; distance++) {
      const lane = (hinted + distance) % this.laneCount
      if (this.locks.tryAcquire(lane)) return lane
    }
    return undefined
  }

  *acquire(hint: number): Sleepable<number> {
    const lane = this.tryAcquire(hint)
    if (lane !== undefined) return lane
    if (this.policy === 'first-idle') return yield* this.acquireAny(hint)
    const hinted = hint % this.laneCount
    yield* this.locks.acquire(hinted)
    return hinted
  }

  release(lane: number): void {
    this.locks.release(lane)
    if (this.policy === 'first-idle') this.wakeOne()
  }

  /** How many lanes are held, by all threads. A snapshot, word after word. */
  heldCount(): number {
    return this.locks.heldCount()
  }

  private *acquireAny(hint: number): Sleepable<number> {
    for (;;) {
      const expected = Atomics.or(this.words, this.laneCount, WAITED_FOR) | WAITED_FOR
      // Only now: a release before the bit was set woke nobody.
      const lane = this.tryAcquire(hint)
      if (lane !== undefined) return lane
      const wait = this.waitForAny(expected)
      let used = false
      try {
        yield wait
        used = true
      } finally {
        wait.close(used)
      }
    }
  }

  private waitForAny(expected: number): WordWait {
    return new WordWait(
      {
        words: this.words,
        index: this.laneCount,
        expected,
        on: { object: 'lane', kind: 'acquire', start: 0, end: this.laneCount },
        ready: () => this.anyIdle(),
        passOn: () => this.wakeOne(),
      },
      this.options,
    )
  }

  private anyIdle(): boolean {
    for (let lane = 0; lane < this.laneCount; lane++) if (this.locks.isFree(lane)) return true
    return false
  }

  private wakeOne(): void {
    const { words, laneCount: sequence } = this
    if ((Atomics.load(words, sequence) & WAITED_FOR) === 0) return
    // The count wraps around; nobody sleeps through 2 ** 31 releases of which each wakes one.
    const seen = (Atomics.add(words, sequence, ONE_RELEASE) + ONE_RELEASE) | 0
    if (Atomics.notify(words, sequence, 1) > 0 || (seen & WAITED_FOR) === 0) return
    // Counts on, so that the bit set anew does not make `seen` again: one who looked at the lanes before may not sleep now.
    const cleared = ((seen & ~WAITED_FOR) + ONE_RELEASE) | 0
    // Between the notification and this, somebody may have fallen asleep on `seen`: nobody would wake him any more.
    if (Atomics.compareExchange(words, sequence, seen, cleared) === seen) Atomics.notify(words, sequence)
  }
}
