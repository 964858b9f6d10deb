/**
 * Locks for the tasks of one thread, that may be held over a wait.
 *
 * Invariants:
 * - A lock's word is not 0 from the moment somebody may use it until its holder releases it with nobody waiting. Between a
 *   release and the wakened waiter's next step it stays 1: the lock is handed over, so nobody can overtake.
 * - A queue has waiters only while every lock that feeds it is held or quarantined.
 * - Each time a lock is given, taken or handed over, its turn is one more. So the number of a hold never comes again.
 *
 * The uncontended path is one word of a typed array. Only contended waiters go through async-mutex; a path that never
 * turns the event loop never comes near it, because its continuations would pile up there.
 *
 * Preemption cannot harm them: word and queue change together, between two waits, on the one thread that owns them.
 */
import {
  LaneMisuseError,
  type LaneWaitOptions,
  type LockTable,
  type Sleepable,
  type WaitObject,
  type WaitSubject,
} from '@bttkit/interfaces'
import { WaitQueue } from './wait-queue.ts'

const FREE = 0
const HELD = 1
/** Held by nobody, and nobody's to have. */
const QUARANTINED = 2

const COMMON_QUEUE = 0

/** Whom a released lock is handed to: the waiters for this very lock, or those who wait for any of them. */
export type MutexQueues = 'one-each' | 'common'

export class MutexLocks implements LockTable {
  readonly lockCount: number
  private readonly words: Int32Array
  private readonly object: WaitObject
  private readonly hasCommonQueue: boolean
  /** How many words are taken. */
  private held = 0
  /** Numbers that are exact up to 2 ** 53: a 32-bit count would begin anew within minutes. */
  private readonly turns: Float64Array
  private readonly queues = new Map<number, WaitQueue>()

  /**
   * @param words one word a lock, 0 when free
   * @param object what a wait for one of them is called
   * @throws {LaneMisuseError} for no words at all
   */
  constructor(words: Int32Array, object: WaitObject, queues: MutexQueues = 'one-each') {
    if (words.length === 0) throw new LaneMisuseError({}, `a table of ${object}s needs at least one`)
    this.words = words
    this.lockCount = words.length
    this.object = object
    this.hasCommonQueue = queues === 'common'
    this.turns = new Float64Array(words.length)
  }

  tryAcquire(index: number): boolean {
    const word = this.words[index]
    if (word === undefined) throw this.noSuch(index)
    if (word !== FREE) return false
    this.words[index] = HELD
    this.held++
    this.beginTurn(index)
    return true
  }

  *acquire(index: number): Sleepable<void> {
    if (!this.tryAcquire(index)) yield* this.waitFor(index)
  }

  /** What one waits for who finds `index` taken. */
  subjectOf(index: number): WaitSubject {
    const [start, end] = this.hasCommonQueue ? [0, this.lockCount] : [index, index + 1]
    return { object: this.object, kind: 'acquire', start, end }
  }

  /** Waits for a lock that is taken, or in the common queue for any; returns the one that was handed over. */
  waitFor(index: number, options: LaneWaitOptions = {}): Sleepable<number> {
    const queueNumber = this.queueOf(index)
    let queue = this.queues.get(queueNumber)
    if (queue === undefined) {
      queue = new WaitQueue()
      this.queues.set(queueNumber, queue)
    }
    return queue.take(this.subjectOf(index), options, (handed) => this.release(handed))
  }

  /** The number of the present hold, or of the last one. */
  turnOf(index: number): number {
    const turn = this.turns[index]
    if (turn === undefined) throw this.noSuch(index)
    return turn
  }

  /** As `LaneTable.release`. */
  release(index: number, turn?: number): void {
    this.checkHold(index, turn)
    this.passOn(index)
  }

  /** As `LaneTable.quarantine`: the lock counts as held. */
  quarantine(index: number, turn?: number): void {
    this.checkHold(index, turn)
    this.words[index] = QUARANTINED
  }

  /** As `LaneTable.restore`: the next waiter gets the lock. */
  restore(index: number): void {
    if (this.words[index] !== QUARANTINED) {
      throw new LaneMisuseError({}, `${this.object} ${index} is not quarantined`)
    }
    this.words[index] = HELD
    this.passOn(index)
  }

  /** How many locks are held or quarantined. */
  heldCount(): number {
    return this.held
  }

  private checkHold(index: number, turn: number | undefined): void {
    const word = this.words[index]
    if (word === HELD && (turn === undefined || turn === this.turns[index])) return
    const name = `${this.object} ${index}`
    if (word === undefined) throw this.noSuch(index)
    if (word === QUARANTINED) throw new LaneMisuseError({}, `${name} is quarantined until it is restored`)
    throw new LaneMisuseError({}, `${name} was given back by someone who does not hold it`)
  }

  /** Hands the lock of who gives it up to the next waiter, or sets it free. */
  private passOn(index: number): void {
    if (this.queues.get(this.queueOf(index))?.handOver(index) === true) {
      this.beginTurn(index)
      return
    }
    this.words[index] = FREE
    this.held--
  }

  private beginTurn(index: number): void {
    this.turns[index] = (this.turns[index] ?? 0) + 1
  }

  private queueOf(index: number): number {
    return this.hasCommonQueue ? COMMON_QUEUE : index
  }

  private noSuch(index: number): LaneMisuseError {
    return new LaneMisuseError({}, `there is no ${this.object} ${index}`)
  }
}
