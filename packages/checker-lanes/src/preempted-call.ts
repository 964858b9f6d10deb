import type { MaybeSleep, Wait, WaitSubject } from '@bttkit/interfaces'

/** A call, or the rest of one, before which the caller is preempted: it is made when the caller goes on, by `then` or `block`, once. */
export class PreemptedCall implements Wait {
  readonly isPreemption = true
  readonly on: WaitSubject
  private readonly call: () => MaybeSleep
  private outcome: Promise<unknown> | undefined

  /** @param call of storage that never waits */
  constructor(on: WaitSubject, call: () => MaybeSleep) {
    this.on = on
    this.call = call
  }

  block(): void {
    if (this.outcome !== undefined) return
    this.outcome = Promise.resolve()
    this.call()
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  then<T = unknown, F = never>(
    onEnd?: ((value: unknown) => T | PromiseLike<T>) | null,
    onFailure?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): PromiseLike<T | F> {
    this.outcome ??= Promise.resolve().then(this.call)
    return this.outcome.then(onEnd, onFailure)
  }
}
