/**
 * The threads that share something, each under a number, in words that they share; and who of them has died.
 *
 * Layout: three words a number. The first is its state: the low byte says what became of the number, the rest counts its changes.
 * The other two say which thread of the kernel it is.
 *
 * Invariants:
 * - The low byte is FREE, JOINING, JOINED, or the number of the thread that has claimed it. It changes by compare-exchange only, and each change
 *   counts. So one who exchanges a state has judged the thread that had the number since it read that state, and no other: not a
 *   claimer before, nor a thread that joined under the same number since.
 * - The identity is written by the joining thread, between JOINING and JOINED. It stays until the number is FREE again.
 * - A number is claimed only when its thread has gone, and only by one: from JOINED, or from a claim whose claimer has gone.
 * - A thread's claims are dropped before its number is FREE. So a claim never names a thread that joined later under the claimer's number.
 * - A thread that dies as it joins, between two stores, leaves a number JOINING for good. It holds nothing yet, so all that is lost is a number.
 */
import { LaneMisuseError, type WordAtomics } from '@bttkit/interfaces'
import { KERNEL_THREADS, type KernelThread, type ThreadWatch } from './kernel-thread.ts'
import { NATIVE_ATOMICS } from './native-atomics.ts'

/** How many threads can share something: their numbers are from 1 to this. */
export const MOST_THREADS = 127
const WORDS_PER_THREAD = 3

const STATUS = 0xff
const ONE_CHANGE = 0x100
const FREE = 0
/** From 1 to MOST_THREADS: claimed by that thread. */
const JOINING = 0xfe
const JOINED = 0xff

const isClaim = (status: number): boolean => status >= 1 && status <= MOST_THREADS

export class ThreadRegistry {
  /** How many words a registry needs: for 127 threads. */
  static readonly WORDS = MOST_THREADS * WORDS_PER_THREAD

  private readonly words: Int32Array
  private readonly atomics: WordAtomics
  private readonly watch: ThreadWatch

  /**
   * @param words of a SharedArrayBuffer, WORDS of them, 0 at first
   * @param watch knows the threads. Default: the kernel does. The same for all who share the words
   * @param atomics what is done to the words goes through these
   */
  constructor(words: Int32Array, watch = KERNEL_THREADS, atomics = NATIVE_ATOMICS) {
    if (words.length < ThreadRegistry.WORDS) {
      throw new LaneMisuseError({}, `a thread registry needs ${ThreadRegistry.WORDS} words`)
    }
    this.words = words
    this.atomics = atomics
    this.watch = watch
  }

  /**
   * Enters the calling thread; returns its number, from 1 to 127.
   *
   * @throws {LaneMisuseError} when all numbers are taken
   */
  join(): number {
    const thread = this.watch.currentThread()
    for (let number = 1; number <= MOST_THREADS; number++) {
      const state = this.stateOf(number)
      if ((state & STATUS) !== FREE || !this.change(number, state, JOINING)) continue
      this.atomics.store(this.words, this.wordOf(number) + 1, thread.id)
      this.atomics.store(this.words, this.wordOf(number) + 2, thread.start)
      this.change(number, this.stateOf(number), JOINED)
      return number
    }
    throw new LaneMisuseError({}, `there are ${MOST_THREADS} threads already`)
  }

  /**
   * The calling thread goes; it holds nothing any more. What it had claimed can be claimed by others.
   *
   * @throws {LaneMisuseError} for a number that is not the calling thread's
   */
  leave(number: number): void {
    const state = this.stateOf(number)
    if ((state & STATUS) !== JOINED || this.identityOf(number).id !== this.watch.currentThread().id) {
      throw new LaneMisuseError({}, `thread ${number} is not the one that leaves`)
    }
    this.dropClaimsOf(number)
    this.change(number, state, FREE)
  }

  /**
   * Looks for a thread that has died, and claims it for `self`, who puts in order what it held and then buries it. No other thread gets it meanwhile,
   * unless `self` dies as well. Reads a file a thread; waits for nothing.
   *
   * Threads are found dead on Linux only, where /proc is mounted.
   */
  claimDead(self: number): number | undefined {
    for (let number = 1; number <= MOST_THREADS; number++) {
      const state = this.stateOf(number)
      const status = state & STATUS
      const claimable = isClaim(status) ? this.hasGone(status) : status === JOINED
      if (claimable && this.hasGone(number) && this.change(number, state, self)) return number
    }
    return undefined
  }

  /**
   * A claimed number is free again: nothing is marked with it any more. Only its claimer calls this.
   *
   * @throws {LaneMisuseError} for a number that is not claimed
   */
  bury(number: number): void {
    const state = this.stateOf(number)
    if (!isClaim(state & STATUS)) throw new LaneMisuseError({}, `thread ${number} was not claimed`)
    this.dropClaimsOf(number)
    this.change(number, state, FREE)
  }

  /**
   * Gives a claim up: what the dead thread held is not in order yet, and anybody may claim it. Only its claimer calls this.
   *
   * @throws {LaneMisuseError} for a number that is not claimed
   */
  giveBack(number: number): void {
    const state = this.stateOf(number)
    if (!isClaim(state & STATUS)) throw new LaneMisuseError({}, `thread ${number} was not claimed`)
    this.change(number, state, JOINED)
  }

  /** The threads that have joined and neither left nor were buried, also such as have died. A snapshot. */
  numbers(): number[] {
    const numbers: number[] = []
    for (let number = 1; number <= MOST_THREADS; number++) {
      const status = this.stateOf(number) & STATUS
      if (status === JOINED || isClaim(status)) numbers.push(number)
    }
    return numbers
  }

  private dropClaimsOf(claimer: number): void {
    for (let number = 1; number <= MOST_THREADS; number++) {
      const state = this.stateOf(number)
      if ((state & STATUS) === claimer) this.change(number, state, JOINED)
    }
  }

  private hasGone(number: number): boolean {
    return this.watch.hasGone(this.identityOf(number))
  }

  private identityOf(number: number): KernelThread {
    const word = this.wordOf(number)
    return { id: this.atomics.load(this.words, word + 1), start: this.atomics.load(this.words, word + 2) }
  }

  private stateOf(number: number): number {
    return this.atomics.load(this.words, this.wordOf(number))
  }

  private change(number: number, from: number, status: number): boolean {
    const to = ((from & ~STATUS) + ONE_CHANGE) | status
    return this.atomics.compareExchange(this.words, this.wordOf(number), from, to) === from
  }

  /** @throws {LaneMisuseError} for a number that no thread can have */
  private wordOf(number: number): number {
    if (Number.isInteger(number) && number >= 1 && number <= MOST_THREADS) {
      return (number - 1) * WORDS_PER_THREAD
    }
    throw new LaneMisuseError({}, `there is no thread ${number}`)
  }
}
