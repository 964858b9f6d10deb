/**
 * A wait for a word that threads share: until somebody changes it and notifies.
 *
 * Invariants:
 * - A round may end early, never late without bound: whoever waits looks again and, if need be, waits again. The kernel
 *   queue compares the word with the expected value under its own lock, so a change between the look and the wait ends it.
 * - A notification that wakes one waiter reaches somebody who looks again. One that comes to a waiter that has gone
 *   (it has what it waited for, or its operation was ended) is passed on by `passOn`.
 * - One wait stands in the queue of the event loop once at most. It keeps its place from round to round. A place that was
 *   given up stays until a notification comes to it, so where that may happen often (a limit, a signal) a place lasts a round.
 * - At most one round late: each round looks at `ready`. This covers what no protocol on words can: a thread
 *   that is terminated between its wake-up and its next look, or a thread that blocks while a wake-up for one of its own
 *   event loop's waiters waits in that loop.
 * - A round in which nothing happened ends with a look for dead threads, by the operation that waits, never inside `block`:
 *   that look may have to wait itself.
 */
import {
  LaneMisuseError,
  type LaneWaitOptions,
  type Sleepable,
  type ThreadPlace,
  type Wait,
  type WaitSubject,
  type WordAtomics,
} from '@bttkit/interfaces'
import { onAbort } from './abort-listeners.ts'
import { cancelIfAborted, nameOf, timedOut } from './limited-wait.ts'

/** Milliseconds after which a waiter asks whether those it waits for are still there. */
export const ROUND_MS = 250

/** @throws {LaneMisuseError} when the words cannot be shared; nobody could wait for them */
export function requireShared(words: Int32Array, object: string): void {
  if (words.buffer instanceof SharedArrayBuffer) return
  throw new LaneMisuseError({}, `shared ${object}s need words of a SharedArrayBuffer`)
}

export interface WordToWaitFor {
  readonly words: Int32Array
  readonly index: number
  readonly on: WaitSubject
  /** Whether what is waited for is to be had now. */
  readonly ready: () => boolean
  /** Gives a notification that came to nobody to the next waiter. */
  readonly passOn: () => void
}

/** Who waits, how long a round is, and what does it. */
export interface Waiter {
  readonly thread: ThreadPlace | undefined
  readonly roundMs: number
  readonly atomics: WordAtomics
}

/** Nothing is registered before `block` or `then` is called: one who only looks at the wait takes no notification. */
export class WordWait implements Wait {
  readonly on: WaitSubject
  private readonly word: WordToWaitFor
  private readonly waiter: Waiter
  private readonly options: LaneWaitOptions
  /** As `performance.now()` counts. */
  private readonly deadline: number
  /** The value that means: keep waiting. */
  private expected = 0
  private promise: Promise<void> | undefined
  /** Whether this round was over with nothing having happened. */
  private stalled = false
  /** Whether a notification came that nobody has looked for since. */
  private notified = false
  private registered = false
  private closed = false
  private endRound = (): void => {}

  /** @param options its limit is one for all rounds, from now on */
  constructor(word: WordToWaitFor, waiter: Waiter, options: LaneWaitOptions = {}) {
    this.word = word
    this.on = word.on
    this.waiter = waiter
    this.options = options
    this.deadline = options.limitMs === undefined ? Infinity : performance.now() + options.limitMs
  }

  /**
   * Waits once. The caller has just looked, so that the word cannot have become `expected` unseen, and looks again afterwards.
   *
   * @throws {WaitCancelledError} {WaitTimedOutError} as the options say
   */
  *round(expected: number): Sleepable<void> {
    this.cancelIfAborted()
    if (this.limitIsOver()) throw timedOut(nameOf(this.on))
    this.expected = expected
    this.promise = undefined
    this.stalled = false
    this.notified = false
    yield this
    this.cancelIfAborted()
    if (this.stalled && this.waiter.thread !== undefined) yield* this.waiter.thread.recoverDead()
  }

  ready(): boolean {
    return this.word.ready() || this.isOver()
  }

  block(): void {
    const { atomics } = this.waiter
    for (let spin = 0; spin < atomics.spins; spin++) if (this.ready()) return
    const { words, index } = this.word
    const how = atomics.wait(words, index, this.expected, this.roundLeftMs())
    this.notified = how === 'ok'
    this.stalled = how === 'timed-out' && !this.word.ready()
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  then<A = void, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    this.promise ??= this.start()
    return this.promise.then(onFulfilled, onRejected)
  }

  /** No round follows: the operation has what it waited for (`got`), or is ended. */
  close(got: boolean): void {
    this.closed = true
    this.endRound()
    if (this.notified && !got) this.word.passOn()
  }

  private start(): Promise<void> {
    if (this.closed || this.notified || this.isOver() || !this.isRegistered()) return Promise.resolve()
    const { signal } = this.options
    return new Promise((resolve) => {
      // A pending Atomics.waitAsync does not keep Node.js alive; this timer does, and it is what a round is here.
      const timer = setTimeout(() => this.endRoundUnheard(), Math.ceil(this.roundLeftMs()))
      const stopListening = signal === undefined ? undefined : onAbort(signal, () => this.endRound())
      this.endRound = () => {
        clearTimeout(timer)
        stopListening?.()
        resolve()
      }
    })
  }

  /** Stands in the queue, from an earlier round or from now on; false when the word has changed already. */
  private isRegistered(): boolean {
    if (this.registered) return true
    const { words, index } = this.word
    const { signal, limitMs } = this.options
    const stayMs = signal === undefined && limitMs === undefined ? Infinity : this.waiter.roundMs
    const registration = this.waiter.atomics.waitAsync(words, index, this.expected, stayMs)
    if (!registration.async) return false
    this.registered = true
    void Promise.resolve(registration.value).then((how) => {
      this.registered = false
      if (how !== 'ok') {
        this.endRoundUnheard()
        return
      }
      if (this.closed) this.word.passOn()
      this.notified = true
      this.endRound()
    })
    return true
  }

  private endRoundUnheard(): void {
    this.stalled = !this.word.ready()
    this.endRound()
  }

  private cancelIfAborted(): void {
    cancelIfAborted(this.options, nameOf(this.on))
  }

  private limitIsOver(): boolean {
    return this.deadline !== Infinity && performance.now() >= this.deadline
  }

  private isOver(): boolean {
    return this.options.signal?.aborted === true || this.limitIsOver()
  }

  private roundLeftMs(): number {
    const { roundMs } = this.waiter
    if (this.deadline === Infinity) return roundMs
    return Math.max(0, Math.min(roundMs, this.deadline - performance.now()))
  }
}
