/**
 * Locks for the tasks of one thread, that may be held over a wait.
 *
 * Invariants:
 * - A lock's word is 1 from the moment somebody may use it until its holder releases it with nobody waiting. Between a
 *   release and the wakened waiter's next step it stays 1: the lock is handed over, so nobody can overtake.
 * - A queue has waiters only while every lock that feeds it is held.
 *
 * The uncontended path is one word of a typed array. Only contended waiters go through async-mutex; a path that never
 * turns the event loop never comes near it, because its continuations would pile up there.
 *
 * Preemption cannot harm them: word and queue change together, between two waits, on the one thread that owns them.
 */
import { LaneMisuseError, type LockTable, type Sleepable, type WaitObject } from '@bttkit/interfaces'
import { WaitQueue } from './wait-queue.ts'

const FREE = 0
const HELD = 1

export class MutexLocks implements LockTable {
  readonly lockCount: number
  private readonly words: Int32Array
  private readonly object: WaitObject
  /** How many words are taken. */
  private held = 0
  private readonly queues = new Map<number, WaitQueue>()
  private readonly queueOf: (index: number) => number

  /**
   * @param words one word a lock, 0 when free
   * @param object what a wait for one of them is called
   * @param queueOf which queue a lock serves when it becomes free; default: one queue a lock
   * @throws {LaneMisuseError} for no words at all
   */
  constructor(words: Int32Array, object: WaitObject, queueOf: (index: number) => number = (index) => index) {
    if (words.length === 0) throw new LaneMisuseError({}, `a table of ${object}s needs at least one`)
    this.words = words
    this.lockCount = words.length
    this.object = object
    this.queueOf = queueOf
  }

  tryAcquire(index: number): boolean {
    const word = this.words[index]
    if (word === undefined) throw new LaneMisuseError({}, `there is no ${this.object} ${index}`)
    if (word !== FREE) return false
    this.words[index] = HELD
    this.held++
    return true
  }

  *acquire(index: number): Sleepable<void> {
    if (!this.tryAcquire(index)) yield* this.waitIn(this.queueOf(index))
  }

  /** Waits in a queue and returns the lock that was handed over. */
  waitIn(queueNumber: number): Sleepable<number> {
    let queue = this.queues.get(queueNumber)
    if (queue === undefined) {
      queue = new WaitQueue()
      this.queues.set(queueNumber, queue)
    }
    const on = { object: this.object, kind: 'acquire', start: queueNumber, end: queueNumber + 1 } as const
    return queue.take(on, (index) => this.release(index))
  }

  release(index: number): void {
    if (this.words[index] !== HELD) {
      throw new LaneMisuseError({}, `${this.object} ${index} was released by someone who does not hold it`)
    }
    if (this.queues.get(this.queueOf(index))?.handOver(index) === true) return
    this.words[index] = FREE
    this.held--
  }

  heldCount(): number {
    return this.held
  }
}
