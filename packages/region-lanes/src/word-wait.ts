/// <reference lib="es2024.sharedmemory" />
/**
 * A wait for a word that threads share: until somebody changes it and notifies.
 *
 * Invariants:
 * - A wait may end early, never late without bound: whoever waits looks again and, if need be, waits again. The kernel
 *   queue compares the word with the expected value under its own lock, so a change between the look and the wait ends it.
 * - A notification that wakes one waiter reaches somebody who looks again. One that comes to a waiter that has gone
 *   (its operation was ended, or it went on for another reason) is passed on by `passOn`.
 * - At most one round late: each round looks at `ready`. This covers what no protocol on words can: a thread
 *   that is terminated between its wake-up and its next look, or a thread that blocks while a wake-up for one of its own
 *   event loop's waiters waits in that loop.
 */
import { LaneMisuseError, type Wait, type WaitSubject } from '@bttkit/interfaces'

/** How a wait for another thread looks whether that thread is still there. */
export interface SharedWaitOptions {
  /** Milliseconds of a round. Default 250. */
  readonly roundMs?: number
  /** Called after each round in which nothing happened. What it throws ends the operation that waits. */
  readonly onStall?: (on: WaitSubject) => void
}

const ROUND_MS = 250
/** Looks before a thread sleeps: holders on other processors are mostly over sooner than a system call. */
const SPINS = 100

/** @throws {LaneMisuseError} when the words cannot be shared; nobody could wait for them */
export function requireShared(words: Int32Array, object: string): void {
  if (words.buffer instanceof SharedArrayBuffer) return
  throw new LaneMisuseError({}, `shared ${object}s need words of a SharedArrayBuffer`)
}

export interface WordToWaitFor {
  readonly words: Int32Array
  readonly index: number
  /** The value that means: keep waiting. */
  readonly expected: number
  readonly on: WaitSubject
  /** Whether what is waited for is to be had now. */
  readonly ready: () => boolean
  /** Gives a notification that came to nobody to the next waiter. */
  readonly passOn: () => void
}

/** Nothing is registered before `block` or `then` is called: one who only looks at the wait takes no notification. */
export class WordWait implements Wait {
  readonly on: WaitSubject
  private readonly word: WordToWaitFor
  private readonly options: SharedWaitOptions
  private promise: Promise<void> | undefined
  private keepAlive: NodeJS.Timeout | undefined
  private notified = false
  private ended = false

  constructor(word: WordToWaitFor, options: SharedWaitOptions) {
    this.word = word
    this.on = word.on
    this.options = options
  }

  ready(): boolean {
    return this.word.ready()
  }

  block(): void {
    for (let spin = 0; spin < SPINS; spin++) if (this.ready()) return
    const { words, index, expected, on } = this.word
    while (!this.ready()) {
      const how = Atomics.wait(words, index, expected, this.options.roundMs ?? ROUND_MS)
      this.notified = how === 'ok'
      if (how !== 'timed-out') return
      if (!this.ready()) this.options.onStall?.(on)
    }
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  then<A = void, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    this.promise ??= this.start()
    return this.promise.then(onFulfilled, onRejected)
  }

  /** The operation goes on (`used`), or is ended and will not look at the word again. */
  close(used: boolean): void {
    this.end()
    if (this.notified && !used) this.word.passOn()
  }

  private start(): Promise<void> {
    const { words, index, expected, on } = this.word
    const registered = Atomics.waitAsync(words, index, expected)
    if (!registered.async) return Promise.resolve()
    return new Promise((resolve, reject) => {
      // A pending Atomics.waitAsync does not keep Node.js alive; this timer does, and it is what a round is here.
      this.keepAlive = setInterval(() => {
        try {
          if (!this.ready()) {
            this.options.onStall?.(on)
            return
          }
          resolve()
        } catch (error) {
          reject(error)
        }
        this.end()
      }, this.options.roundMs ?? ROUND_MS)
      void registered.value.then(() => {
        if (this.ended) {
          this.word.passOn()
          return
        }
        this.notified = true
        this.end()
        resolve()
      })
    })
  }

  private end(): void {
    this.ended = true
    clearInterval(this.keepAlive)
  }
}
