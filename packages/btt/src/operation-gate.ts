import { ClosedError, WouldSleepError, type Sleepable } from '@bttkit/interfaces'
import { inAtomicContext, mightSleep } from '@bttkit/sleepable'
import type { SharedGate } from './shared-gate.ts'

export interface GateOptions {
  /** For messages. */
  readonly image: string
  /** Whether an operation may wait for the storage, or for another thread. */
  readonly mayWait: boolean
  /** Present where other threads may take part. */
  readonly shared?: SharedGate | undefined
  /** Whether closing here closes the device for all threads. */
  readonly closesForAll: boolean
}

/** Where every operation of a device goes in and out: it is known how many are under way, and closing lets them end and admits no more. */
export class OperationGate {
  private readonly image: string
  private readonly mayWait: boolean
  private readonly shared: SharedGate | undefined
  private readonly closesForAll: boolean
  private active = 0
  private closed = false
  private onIdle: (() => void) | undefined
  /** While `closeThen` is under way: its end, however it ends. */
  private closing: Promise<void> | undefined

  constructor({ image, mayWait, shared, closesForAll }: GateOptions) {
    this.image = image
    this.mayWait = mayWait
    this.shared = shared
    this.closesForAll = closesForAll
  }

  /** Whether another operation is under way beside the one that asks. */
  get isShared(): boolean {
    return this.active > 1
  }

  /** Whether it was closed on this thread. */
  get isClosed(): boolean {
    return this.closed
  }

  /**
   * Lets an operation in; it calls `leave` when it ends, however it ends.
   *
   * @throws {WouldSleepError} when it might sleep where it must not; {ClosedError}
   */
  enter(what: string): void {
    if (this.closed) this.refuse()
    if (this.mayWait) mightSleep(this.image, what)
    this.admit()
  }

  /**
   * As `enter`, for one that sleeps only where its driver lets it.
   *
   * @throws {ClosedError}
   */
  admit(): void {
    if (this.closed) this.refuse()
    this.active++
    if (this.shared !== undefined) this.enterShared(this.shared)
  }

  /** For an operation inside that leaves a storage call under way behind: that one is in the gate, too, and calls `leave` when it is over. */
  stay(): void {
    this.active++
    this.shared?.tell(this.active)
  }

  leave(): void {
    this.active--
    this.shared?.tell(this.active)
    if (this.active > 0) return
    const { onIdle } = this
    this.onIdle = undefined
    onIdle?.()
  }

  /** Goes on with something when nobody of this thread is inside: now, or when the last one leaves. Only the latest who asked is told. */
  whenEmpty(goOn: () => void): void {
    if (this.active === 0) goOn()
    else this.onIdle = goOn
  }

  /**
   * Admits nobody any more and waits until those inside have left, on all threads where it closes for all. Where that wait fails the gate is open as before.
   *
   * @throws {WouldSleepError} where it must not sleep and somebody is inside, or the storage or another thread might let it wait.
   */
  *close(): Sleepable<void> {
    const { image } = this
    if (this.mayWait) mightSleep(image, 'closing')
    if (this.active > 0 && inAtomicContext())
      throw new WouldSleepError({ image }, 'operations are under way; use the asynchronous form of close')
    this.closed = true
    let isEmpty = false
    try {
      if (this.active > 0) {
        yield new Promise<void>((resolve) => this.whenEmpty(resolve))
      }
      if (this.closesForAll && this.shared !== undefined) yield* this.shared.close()
      isEmpty = true
    } finally {
      this.closed = isEmpty
    }
  }

  /**
   * Closes the gate, and then does what is left to do. Asked for again it waits for the end of that, and does nothing afterwards.
   *
   * @throws what `close` and `giveUp` do
   */
  *closeThen(giveUp: () => Sleepable<void>): Sleepable<void> {
    if (this.closed) {
      if (this.closing !== undefined) yield this.closing
      return
    }
    let ended = (): void => {}
    this.closing = new Promise((resolve) => {
      ended = resolve
    })
    try {
      yield* this.close()
      yield* giveUp()
    } finally {
      this.closing = undefined
      ended()
    }
  }

  private enterShared(shared: SharedGate): void {
    shared.tell(this.active)
    if (!shared.isClosed) return
    this.leave()
    this.refuse()
  }

  private refuse(): never {
    throw new ClosedError({ image: this.image }, 'the device is closed')
  }
}
