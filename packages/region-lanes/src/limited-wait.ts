/**
 * Ends a wait early: by a signal, or after a time.
 *
 * Invariants:
 * - Nothing listens and no timer runs before `then` is called, nor after the wait has ended or was closed.
 * - A signal that is aborted before the operation goes on wins, whatever came with it in the same turn: `cancelIfAborted`
 *   is asked again then. A limit ends only a wait for what has not come.
 *
 * A timer that runs keeps its process alive, as the caller is still to be told; it is cleared with the wait.
 */
import {
  WaitCancelledError,
  WaitTimedOutError,
  type LaneWaitOptions,
  type Wait,
  type WaitSubject,
} from '@bttkit/interfaces'
import { onAbort } from './abort-listeners.ts'

/** The longest time that a timer of Node.js can be set to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function cancellation({ signal }: LaneWaitOptions, what: string): WaitCancelledError | undefined {
  if (signal?.aborted !== true) return undefined
  return new WaitCancelledError({}, `the wait for ${what} was cancelled`, { cause: signal.reason })
}

/** @throws {WaitCancelledError} when the signal is aborted */
export function cancelIfAborted(options: LaneWaitOptions, what: string): void {
  const error = cancellation(options, what)
  if (error !== undefined) throw error
}

/**
 * What an acquisition asks of its options at its start, whether or not it will have to wait.
 *
 * @throws {TypeError} for a limit that is no number of milliseconds from 0
 * @throws {WaitCancelledError} when the signal is aborted
 */
export function checkWaitOptions(options: LaneWaitOptions, what: string): void {
  const { limitMs } = options
  if (limitMs !== undefined && !(limitMs >= 0)) {
    throw new TypeError(`a wait is limited to 0 or more milliseconds, not ${limitMs}`)
  }
  cancelIfAborted(options, what)
}

export const timedOut = (what: string): WaitTimedOutError =>
  new WaitTimedOutError({}, `the wait for ${what} took longer than its limit`)

/** What is waited for, in the words of a person: "lane 3", or "any lane" of several. */
export function nameOf({ object, start, end }: WaitSubject): string {
  return end - start === 1 ? `${object} ${start}` : `any ${object}`
}

export class LimitedWait implements Wait {
  declare readonly on?: WaitSubject
  declare readonly ready?: () => boolean
  declare readonly block?: () => void
  private readonly inner: Wait
  private readonly options: LaneWaitOptions
  private readonly what: string
  /** As `performance.now()` counts. */
  private readonly deadline: number
  private promise: Promise<unknown> | undefined
  private closed = false
  private stopListening: () => void = () => {}
  private timer: NodeJS.Timeout | undefined

  constructor(inner: Wait, options: LaneWaitOptions, what: string) {
    this.inner = inner
    this.options = options
    this.what = what
    this.deadline = options.limitMs === undefined ? Infinity : performance.now() + options.limitMs
    // What the inner wait cannot do is absent here as well: a driver looks whether it is there.
    if (inner.on !== undefined) this.on = inner.on
    if (inner.ready !== undefined) this.ready = () => inner.ready?.() === true || this.over() !== undefined
    if (inner.block !== undefined) {
      this.block = () => {
        this.throwIfOver()
        inner.block?.()
      }
    }
  }

  /** For who went on without having got what it waits for. @throws {WaitCancelledError} {WaitTimedOutError} when that is why */
  throwIfOver(): void {
    const error = this.over()
    if (error !== undefined) throw error
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  then<A = unknown, B = never>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    this.promise ??= this.start()
    return this.promise.then(onFulfilled, onRejected)
  }

  /** The operation goes on, or is ended: what still listens for it goes. */
  close(): void {
    this.closed = true
    this.stopListening()
    clearTimeout(this.timer)
  }

  private over(): Error | undefined {
    const error = cancellation(this.options, this.what)
    if (error !== undefined || this.deadline === Infinity) return error
    return performance.now() >= this.deadline ? timedOut(this.what) : undefined
  }

  private start(): Promise<unknown> {
    if (this.closed) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        this.close()
        reject(error)
      }
      const failIfOver = (): boolean => {
        const error = this.over()
        if (error !== undefined) fail(error)
        return error !== undefined
      }
      if (failIfOver()) return
      const { signal } = this.options
      if (signal !== undefined) this.stopListening = onAbort(signal, failIfOver)
      this.setTimer(failIfOver)
      this.inner.then((value) => {
        this.close()
        resolve(value)
      }, fail)
    })
  }

  private setTimer(failIfOver: () => boolean): void {
    if (this.deadline === Infinity) return
    const leftMs = this.deadline - performance.now()
    // It may be early, and cannot be set to more than its longest time: then it is set again.
    const look = (): void => {
      if (!failIfOver()) this.setTimer(failIfOver)
    }
    this.timer = setTimeout(look, Math.min(Math.max(1, leftMs), LONGEST_TIMER_MS))
  }
}

/**
 * A wait that also ends when the signal is aborted, or after the limit: with `WaitCancelledError` or `WaitTimedOutError`, which name `what`.
 *
 * Who blocks hears the signal and the limit before it blocks, and not while it does. Who goes on without a rejection (a scheduler, which
 * looks at `ready` only) asks `throwIfOver`. Whoever yields it closes it afterwards.
 *
 * @param options a limit is counted from this call
 * @param what in the words of a person: "lane 3", "any lane"
 */
export function limitedWait(wait: Wait, options: LaneWaitOptions, what: string): LimitedWait {
  return new LimitedWait(wait, options, what)
}
