/**
 * The part of the gate that the threads of a device share: whether the device is closed, and how many operations each thread has under way.
 *
 * Invariants:
 * - A thread counts its operation before it looks whether the device is closed; who closes says so before it looks at the counts. Atomics are
 *   sequentially consistent, so one of them sees the other: an operation is refused, or it is waited for.
 * - The count of a thread is changed by that thread only, and by whoever recovers it when it is dead.
 * - Who holds a lane or a map lock is counted. The count of a dead thread stays until all it held is in order.
 */
import type { Sleepable, ThreadPlace, Wait, WordAtomics } from '@bttkit/interfaces'
import { NATIVE_ATOMICS } from '@bttkit/region-lanes'

/** Word 0 says whether the device is closed; word N is the count of thread N. */
const CLOSED_WORD = 0
const MOST_THREADS = 127
/** How long who closes waits before it looks again, and for threads that died. A blocked one is woken sooner. */
const ROUND_MS = 20

export class SharedGate {
  static readonly WORDS = MOST_THREADS + 1
  private readonly words: Int32Array
  private readonly thread: ThreadPlace
  private readonly atomics: WordAtomics

  constructor(words: Int32Array, thread: ThreadPlace, atomics = NATIVE_ATOMICS) {
    this.words = words
    this.thread = thread
    this.atomics = atomics
  }

  get isClosed(): boolean {
    return this.atomics.load(this.words, CLOSED_WORD) !== 0
  }

  /** Tells the other threads how many operations of this one are under way. */
  tell(active: number): void {
    this.atomics.store(this.words, this.thread.number, active)
    if (active === 0 && this.isClosed) this.atomics.notify(this.words, this.thread.number)
  }

  /** A dead thread has nothing under way. */
  forget(thread: number): void {
    this.atomics.store(this.words, thread, 0)
    this.atomics.notify(this.words, thread)
  }

  /**
   * Closes for all threads, and waits until none has an operation under way. By then nothing is left of the dead for a later attach to find. Where
   * that fails the device is open as before.
   */
  *close(): Sleepable<void> {
    this.atomics.store(this.words, CLOSED_WORD, 1)
    let isOver = false
    try {
      for (let other = 1; other <= MOST_THREADS; other++) {
        for (let count = this.countOf(other); count > 0; count = this.countOf(other)) {
          yield this.waitForLess(other, count)
          yield* this.thread.recoverDead()
        }
      }
      isOver = true
    } finally {
      if (!isOver) this.atomics.store(this.words, CLOSED_WORD, 0)
    }
  }

  private countOf(thread: number): number {
    return this.atomics.load(this.words, thread)
  }

  private waitForLess(thread: number, count: number): Wait {
    return {
      ready: () => this.countOf(thread) < count,
      block: () => void this.atomics.wait(this.words, thread, count, ROUND_MS),
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) =>
        new Promise<void>((resolve) => void setTimeout(resolve, ROUND_MS)).then(...callbacks),
    }
  }
}
