import { ClosedError, type Sleepable } from '@bttkit/interfaces'
import { mightSleep } from '@bttkit/sleepable'
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

  /** Admits nobody any more and waits until those inside have left. */
  *close(): Sleepable<void> {
    if (this.storage.mayWait) mightSleep(this.storage.name, 'closing')
    this.closed = true
    if (this.active === 0) return
    yield new Promise<void>((resolve) => {
      this.onIdle = resolve
    })
  }
}
