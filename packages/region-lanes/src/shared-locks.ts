/**
 * Locks for the tasks of several threads, that may be held over a wait.
 *
 * A word is 0 when the lock is free. Else its low byte is the number of the thread that holds it, WAITERS says that somebody may
 * sleep on it, and QUARANTINED that its holder has gone and nobody gets it until it is restored.
 *
 * Invariants:
 * - Only the step from 0 gives a lock. Back to 0 it goes by a compare-exchange from a value that names the releasing thread, or
 *   by `restore` from a quarantined one. So who does not hold a lock changes nothing, whatever it calls.
 * - Others than the holder change a held word in two ways only: a waiter adds WAITERS, and one who found the holder dead puts its own
 *   number in the other's place, where it keeps WAITERS and clears QUARANTINED.
 * - Whoever sleeps has seen or made WAITERS after it found the lock held, and it stays until the step to 0, which wakes one. One who was
 *   woken takes the lock with WAITERS, because it cannot know whether others still sleep; finds it held, and adds WAITERS again; or
 *   goes away, and does the like for the next (`passOn`). So there is a WAITERS, or somebody awake on the way to look,
 *   for as long as anybody sleeps. No wake-up is lost.
 * - Atomics are sequentially consistent: what the last holder stored before `release` is seen after `acquire`. A dead one released nothing; all
 *   that it stored has arrived because the kernel has ended its thread, which whoever takes over has made sure of (kernel-thread.ts).
 * - The number of a hold of this thread (`turnOf`) goes up when the hold ends, so it never comes again.
 *
 * The tasks of one thread get a lock in the order in which they asked (thread-line.ts). Among threads there is no handover and no order: one that
 * runs may take the lock before the one that was woken. A thread can starve where others take the lock again and again; it
 * waits for ever only if they never pause.
 */
import {
  LaneMisuseError,
  type LaneWaitOptions,
  type LockTable,
  type Sleepable,
  type ThreadPlace,
  type WaitObject,
  type WordAtomics,
} from '@bttkit/interfaces'
import { NATIVE_ATOMICS } from './native-atomics.ts'
import { ThreadLine } from './thread-line.ts'
import { MOST_THREADS } from './thread-registry.ts'
import { ROUND_MS, WordWait, requireShared, type Waiter, type WordToWaitFor } from './word-wait.ts'

const FREE = 0
const OWNER = 0xff
const WAITERS = 0x100
const QUARANTINED = 0x200

/** The number of a thread that has no others. */
const ONLY_THREAD = 1

export class SharedLocks implements LockTable {
  readonly lockCount: number
  private readonly words: Int32Array
  private readonly atomics: WordAtomics
  /** Marks what this thread holds. */
  private readonly owner: number
  private readonly object: WaitObject
  private readonly waiter: Waiter
  /** Of this thread's holds; exact up to 2 ** 53. */
  private readonly turns: Float64Array
  /** The tasks of this thread that wait, by lock. */
  private readonly lines: (ThreadLine | undefined)[]

  /**
   * @param words one word a lock, of a SharedArrayBuffer, 0 when free
   * @param object what a wait for one of them is called
   * @param thread whose locks these are; without it nobody else uses the words, and no dead holder is looked for
   * @param roundMs milliseconds after which a waiter has dead threads looked for
   * @param atomics what is done to the words goes through these
   * @throws {LaneMisuseError} for no words at all, words that are not shared, or a thread number that is none
   */
  constructor(
    words: Int32Array,
    object: WaitObject,
    thread?: ThreadPlace,
    roundMs = ROUND_MS,
    atomics = NATIVE_ATOMICS,
  ) {
    if (words.length === 0) throw new LaneMisuseError({}, `a table of ${object}s needs at least one`)
    requireShared(words, object)
    this.words = words
    this.atomics = atomics
    this.lockCount = words.length
    this.object = object
    this.owner = thread?.number ?? ONLY_THREAD
    if (!Number.isInteger(this.owner) || this.owner < 1 || this.owner > MOST_THREADS) {
      throw new LaneMisuseError({}, `a thread's number is from 1 to ${MOST_THREADS}, not ${this.owner}`)
    }
    this.waiter = { thread, roundMs, atomics }
    this.turns = new Float64Array(words.length)
    this.lines = Array.from(words, () => undefined)
  }

  tryAcquire(index: number): boolean {
    this.check(index)
    if (this.lines[index]?.isOccupied === true) return false
    return this.atomics.compareExchange(this.words, index, FREE, this.owner) === FREE
  }

  /** As `LaneTable.acquire`, but that an idle lock is taken whatever the options say. */
  *acquire(index: number, options: LaneWaitOptions = {}): Sleepable<void> {
    if (this.tryAcquire(index)) return
    const wait = new WordWait(this.wordOf(index), this.waiter, options)
    const line = (this.lines[index] ??= new ThreadLine())
    yield* line.inTurn(wait.on, options, this.takeByWaiting(index, wait))
  }

  /** The number of this thread's present hold, or of its next one. */
  turnOf(index: number): number {
    this.check(index)
    return this.turns[index] ?? 0
  }

  /** As `LaneTable.release`. */
  release(index: number, turn?: number): void {
    this.checkTurn(index, turn)
    const { words, owner } = this
    const seen = this.atomics.compareExchange(words, index, owner, FREE)
    if (seen !== owner) this.releaseToWaiters(index, seen)
    this.endTurn(index)
  }

  /** As `LaneTable.quarantine`. Waiters sleep on; dead threads are looked for as long as they do. */
  quarantine(index: number, turn?: number): void {
    this.checkTurn(index, turn)
    for (;;) {
      const seen = this.atomics.load(this.words, index)
      if ((seen & ~WAITERS) !== this.owner) throw this.notHeld(index, seen)
      if (this.atomics.compareExchange(this.words, index, seen, seen | QUARANTINED) === seen) break
    }
    this.endTurn(index)
  }

  /** As `LaneTable.restore`. */
  restore(index: number): void {
    this.check(index)
    for (;;) {
      const seen = this.atomics.load(this.words, index)
      if ((seen & QUARANTINED) === 0) {
        throw new LaneMisuseError({}, `${this.object} ${index} is not quarantined`)
      }
      if (this.atomics.compareExchange(this.words, index, seen, FREE) !== seen) continue
      if ((seen & WAITERS) !== 0) this.atomics.notify(this.words, index, 1)
      return
    }
  }

  /** The locks that a thread holds or has quarantined. A snapshot, word after word; exact for a thread that is dead. */
  locksOf(thread: number): number[] {
    const locks: number[] = []
    for (let index = 0; index < this.lockCount; index++) {
      const word = this.atomics.load(this.words, index)
      if (word !== FREE && (word & OWNER) === thread) locks.push(index)
    }
    return locks
  }

  /** As `LaneTable.takeOver`. It then is a hold like any other: the release wakes whoever slept on the dead thread's. */
  takeOver(index: number, thread: number): boolean {
    this.check(index)
    for (;;) {
      const seen = this.atomics.load(this.words, index)
      if (seen === FREE || (seen & OWNER) !== thread) return false
      const mine = this.owner | (seen & WAITERS)
      if (this.atomics.compareExchange(this.words, index, seen, mine) === seen) return true
    }
  }

  /** Whether a lock is free. A snapshot. */
  isFree(index: number): boolean {
    return this.atomics.load(this.words, index) === FREE
  }

  /** How many locks are held or quarantined, by all threads. A snapshot, word after word. */
  heldCount(): number {
    let held = 0
    for (let index = 0; index < this.lockCount; index++) if (!this.isFree(index)) held++
    return held
  }

  private *takeByWaiting(index: number, wait: WordWait): Sleepable<void> {
    let got = false
    try {
      let held = this.takeOrMark(index, this.owner)
      while (held !== FREE) {
        yield* wait.round(held)
        held = this.takeOrMark(index, this.owner | WAITERS)
      }
      got = true
    } finally {
      wait.close(got)
    }
  }

  /** Takes the lock as `taken` and returns FREE, or marks it as waited for and returns the value to sleep on. */
  private takeOrMark(index: number, taken: number): number {
    for (;;) {
      const seen = this.atomics.load(this.words, index)
      const next = seen === FREE ? taken : seen | WAITERS
      if (next !== seen && this.atomics.compareExchange(this.words, index, seen, next) !== seen) continue
      return seen === FREE ? FREE : next
    }
  }

  /** For one who was woken and goes away without the lock: the next is woken now, or by the holder. */
  private passOn(index: number): void {
    for (;;) {
      const seen = this.atomics.load(this.words, index)
      if (seen === FREE) {
        this.atomics.notify(this.words, index, 1)
        return
      }
      if (this.atomics.compareExchange(this.words, index, seen, seen | WAITERS) === seen) return
    }
  }

  private releaseToWaiters(index: number, seen: number): void {
    const waited = this.owner | WAITERS
    if (seen !== waited || this.atomics.compareExchange(this.words, index, waited, FREE) !== waited) {
      throw this.notHeld(index, seen)
    }
    this.atomics.notify(this.words, index, 1)
  }

  private endTurn(index: number): void {
    this.turns[index] = (this.turns[index] ?? 0) + 1
  }

  private check(index: number): void {
    if (Number.isInteger(index) && index >= 0 && index < this.lockCount) return
    throw new LaneMisuseError({}, `there is no ${this.object} ${index}`)
  }

  private checkTurn(index: number, turn: number | undefined): void {
    this.check(index)
    if (turn === undefined || turn === this.turns[index]) return
    throw new LaneMisuseError({}, `${this.object} ${index} was given back already by who held it then`)
  }

  private notHeld(index: number, word: number): LaneMisuseError {
    const name = `${this.object} ${index}`
    if ((word & QUARANTINED) !== 0) {
      return new LaneMisuseError({}, `${name} is quarantined until it is restored`)
    }
    const holder = word === FREE ? 'nobody' : `thread ${word & OWNER}`
    return new LaneMisuseError({}, `${name} was given back by thread ${this.owner}; ${holder} holds it`)
  }

  private wordOf(index: number): WordToWaitFor {
    return {
      words: this.words,
      index,
      on: { object: this.object, kind: 'acquire', start: index, end: index + 1 },
      ready: () => this.isFree(index),
      passOn: () => this.passOn(index),
    }
  }
}
