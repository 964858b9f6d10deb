import { ClosedError, WouldSleepError, type Sleepable } from '@bttkit/interfaces'
import { inAtomicContext, mightSleep } from '@bttkit/sleepable'
import type { Storage } from './storage.ts'

/** Where every operation of a device goes in and out: it is known how many are under way, and closing lets them end and admits no more. */
export class OperationGate {
  private readonly storage: Storage
  private active = 0
  private closed = false
  private onIdle: (() => void) | undefined

  constructor(storage: Storage) {
    this.storage = storage
  }

  /** Whether another operation is under way beside the one that asks. */
  get isShared(): boolean {
    return this.active > 1
  }

  get isClosed(): boolean {
    return this.closed
  }

  /**
   * Lets an operation in; it calls `leave` when it ends, however it ends.
   *
   * @throws {WouldSleepError} when it might sleep where it must not; {ClosedError}
   */
  enter(what: string): void {
    if (this.closed) throw new ClosedError({ image: this.storage.name }, 'the device is closed')
    if (this.storage.mayWait) mightSleep(this.storage.name, what)
    this.active++
  }

  leave(): void {
    this.active--
    if (this.active === 0) this.onIdle?.()
  }

  /**
   * Admits nobody any more and waits until those inside have left. Where that wait fails the gate is open as before.
   *
   * @throws {WouldSleepError} where it must not sleep and somebody is inside, or the storage might let it wait.
   */
  *close(): Sleepable<void> {
    const image = this.storage.name
    if (this.storage.mayWait) mightSleep(image, 'closing')
    if (this.active > 0 && inAtomicContext())
      throw new WouldSleepError({ image }, 'operations are under way; use the asynchronous form of close')
    this.closed = true
    if (this.active === 0) return
    let isIdle = false
    try {
      yield new Promise<void>((resolve) => {
        this.onIdle = resolve
      })
      isIdle = true
    } finally {
      this.closed = isIdle
    }
  }
}
