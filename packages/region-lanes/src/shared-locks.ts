/**
 * Locks for the tasks of several threads, that may be held over a wait.
 *
 * Invariants:
 * - A word is free (0), held (1), or held while somebody may wait (2). Only the step from 0 gives the lock; only the
 *   holder steps back to 0.
 * - Whoever sleeps has seen or made a 2 after it found the lock held, and the release that replaces a 2 wakes one. One who was
 *   woken takes the lock with 2, because it cannot know whether others still sleep: so there is a 2, or somebody awake on
 *   the way to look, for as long as anybody sleeps. No wake-up is lost.
 * - Atomics are sequentially consistent: what the last holder stored before `release` is seen after `acquire`.
 *
 * There is no handover and no order: a thread that runs may take the lock before the one that was woken. A waiter can starve where
 * others take the lock again and again; it waits for ever only if they never pause.
 *
 * Words do not say who holds them. The release of a lock that somebody else holds cannot be told from the holder's.
 */
import { LaneMisuseError, type LockTable, type Sleepable, type WaitObject } from '@bttkit/interfaces'
import { WordWait, requireShared, type SharedWaitOptions } from './word-wait.ts'

const FREE = 0
const HELD = 1
const HELD_WITH_WAITERS = 2

export class SharedLocks implements LockTable {
  readonly lockCount: number
  private readonly words: Int32Array
  private readonly object: WaitObject
  private readonly options: SharedWaitOptions

  /**
   * @param words one word a lock, of a SharedArrayBuffer, 0 when free
   * @param object what a wait for one of them is called
   * @throws {LaneMisuseError} for no words at all, or words that are not shared
   */
  constructor(words: Int32Array, object: WaitObject, options: SharedWaitOptions = {}) {
    if (words.length === 0) throw new LaneMisuseError({}, `a table of ${object}s needs at least one`)
    requireShared(words, object)
    this.words = words
    this.lockCount = words.length
    this.object = object
    this.options = options
  }

  tryAcquire(index: number): boolean {
    this.check(index)
    return Atomics.compareExchange(this.words, index, FREE, HELD) === FREE
  }

  *acquire(index: number): Sleepable<void> {
    if (this.tryAcquire(index)) return
    do {
      // Says that somebody waits. FREE means that it was released since: try again, with no wait.
      if (Atomics.compareExchange(this.words, index, HELD, HELD_WITH_WAITERS) === FREE) continue
      const wait = this.waitFor(index)
      let used = false
      try {
        yield wait
        used = true
      } finally {
        wait.close(used)
      }
    } while (Atomics.compareExchange(this.words, index, FREE, HELD_WITH_WAITERS) !== FREE)
  }

  release(index: number): void {
    this.check(index)
    const before = Atomics.exchange(this.words, index, FREE)
    if (before === HELD_WITH_WAITERS) Atomics.notify(this.words, index, 1)
    // The exchange of a free word changed nothing.
    if (before === FREE) {
      throw new LaneMisuseError({}, `${this.object} ${index} was released by someone who does not hold it`)
    }
  }

  /** Whether a lock is free. A snapshot. */
  isFree(index: number): boolean {
    return Atomics.load(this.words, index) === FREE
  }

  /** How many locks are held, by all threads. A snapshot, word after word. */
  heldCount(): number {
    let held = 0
    for (let index = 0; index < this.lockCount; index++) if (!this.isFree(index)) held++
    return held
  }

  private check(index: number): void {
    if (Number.isInteger(index) && index >= 0 && index < this.lockCount) return
    throw new LaneMisuseError({}, `there is no ${this.object} ${index}`)
  }

  private waitFor(index: number): WordWait {
    const { words } = this
    return new WordWait(
      {
        words,
        index,
        expected: HELD_WITH_WAITERS,
        on: { object: this.object, kind: 'acquire', start: index, end: index + 1 },
        ready: () => this.isFree(index),
        passOn: () => {
          // Where the lock was taken since, its holder must know that others sleep; its release wakes one of them.
          if (Atomics.compareExchange(words, index, HELD, HELD_WITH_WAITERS) === FREE) {
            Atomics.notify(words, index, 1)
          }
        },
      },
      this.options,
    )
  }
}
