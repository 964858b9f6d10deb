import type { Sleepable, Wait, WaitSubject } from '@bttkit/interfaces'

/**
 * The wait for a call on the storage, which knows whether the call is over.
 *
 * An operation that is ended at a wait cannot tell from the way it is ended: an error thrown in may be the call's own failure, or a driver's refusal to
 * wait for it. But a call is over only when its wait says so, to whoever waits: `then` or `block` has come to an end, or `ready` is true. All of
 * that passes through here.
 */
export class StorageCall implements Wait {
  // What the wait cannot do is absent here as well: a driver looks whether it is there.
  declare readonly on?: WaitSubject
  declare readonly isPreemption?: true
  declare readonly block?: () => void
  declare readonly ready?: () => boolean
  private readonly wait: Wait
  private hasEnded = false
  /** A lazy call starts at the first `then`, so there is only one. */
  private ending: PromiseLike<unknown> | undefined

  constructor(wait: Wait) {
    this.wait = wait
    if (wait.on !== undefined) this.on = wait.on
    if (wait.isPreemption !== undefined) this.isPreemption = wait.isPreemption
    if (wait.ready !== undefined) this.ready = () => wait.ready?.() === true
    if (wait.block !== undefined) this.block = () => this.blockOn()
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  then<T = unknown, F = never>(
    onEnd?: ((value: unknown) => T | PromiseLike<T>) | null,
    onFailure?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): PromiseLike<T | F> {
    this.ending ??= this.begin()
    return this.ending.then(onEnd, onFailure)
  }

  /** Whether the call is over. Where only `ready` says so, hears how it ended: a flush that failed must not go unheard. */
  isOver(): boolean {
    if (this.hasEnded) return true
    if (this.ready?.() !== true) return false
    this.hear()
    return true
  }

  /** Goes on with something when the call is over, however it ends. Starts one that nobody has waited for yet. */
  whenOver(goOn: () => void): void {
    void this.then(goOn, goOn)
  }

  private begin(): PromiseLike<unknown> {
    try {
      return this.wait.then(
        (value) => {
          this.hasEnded = true
          return value
        },
        (error: unknown) => {
          this.hasEnded = true
          throw error
        },
      )
    } catch (error) {
      // A wait should reject. One that throws must not keep the lane for ever.
      this.hasEnded = true
      return Promise.reject(error)
    }
  }

  private hear(): void {
    try {
      if (this.block === undefined) this.whenOver(() => {})
      else this.block()
    } catch {
      // Its operation has ended; whoever else must know of it, the storage tells.
    }
  }

  private blockOn(): void {
    try {
      this.wait.block?.()
    } finally {
      this.hasEnded = true
    }
  }
}

/**
 * An operation that waits for nothing but the storage. Of its last call it is known whether it is over. A driver that refuses to wait for a call
 * ends the operation: it is no failure of the storage, and is not to be taken for one.
 */
export class StorageCalls implements IterableIterator<Wait, void, unknown> {
  last: StorageCall | undefined
  private readonly operation: Sleepable<void>

  constructor(operation: Sleepable<void>) {
    this.operation = operation
  }

  next(): IteratorResult<Wait, void> {
    return this.watch(this.operation.next())
  }

  throw(error: unknown): IteratorResult<Wait, void> {
    if (this.last?.isOver() === false) {
      this.operation.return()
      throw error
    }
    return this.watch(this.operation.throw(error))
  }

  return(): IteratorResult<Wait, void> {
    return this.watch(this.operation.return())
  }

  [Symbol.iterator](): this {
    return this
  }

  private watch(step: IteratorResult<Wait, void>): IteratorResult<Wait, void> {
    if (step.done === true) return step
    this.last = new StorageCall(step.value)
    return { done: false, value: this.last }
  }
}
