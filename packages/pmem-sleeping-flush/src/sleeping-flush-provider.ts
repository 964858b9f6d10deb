/**
 * A mock, for tests and demonstrations: storage whose flush sleeps as virtio-pmem's does, where the guest asks its host for an fsync and
 * waits. It is as durable as what lies under it, and only slower.
 *
 * Invariants:
 * - A wait is lazy: it sleeps from its first `then` or `block` on, and asks for the inner flush when it has slept. That is later than the call of
 *   `flush`, so what was complete at the call is among what the inner flush makes durable.
 * - Each wait has its own sleep: as many as the caller likes are under way at once, and none makes another one longer.
 */
import {
  CannotBlockError,
  checkRange,
  type LockMode,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
  type Wait,
  type WaitSubject,
  type WriteSegment,
} from '@bttkit/interfaces'
import { checkFlushDelay, DEFAULT_FLUSH_DELAY_MS } from './flush-delay.ts'
import { sleepingFlushShare } from './sleeping-flush-share.ts'

export interface SleepingFlushOptions {
  /** How long a flush sleeps: whole milliseconds, from 0. Default 2. With 0 the event loop still turns once. */
  readonly flushDelayMs?: number
}

/** Over an inner provider, whose owner it becomes: `flush` and `persist` sleep; everything else is the inner one's. */
export class SleepingFlushProvider implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  /** The inner ones, but for a flush that is always needed and always sleeps. */
  readonly capabilities: ProviderCapabilities
  readonly flushDelayMs: number
  // What the inner provider does not have is not had here, so that its caller does without as ever. There is no `mapping`:
  // whoever has one stores past this provider, and some flush themselves.
  readonly readInto?: (offset: number, target: Uint8Array, start: number, length: number) => MaybeSleep
  readonly writeFrom?: (offset: number, source: Uint8Array, start: number, length: number) => MaybeSleep
  readonly writeMany?: (segments: readonly WriteSegment[]) => MaybeSleep
  readonly zero?: (offset: number, length: number) => MaybeSleep
  readonly lock?: (mode: LockMode) => MaybeSleep
  readonly share?: () => ProviderShare
  private readonly inner: PmemProvider

  /** @throws {TypeError} for a delay that is none. */
  constructor(inner: PmemProvider, options: SleepingFlushOptions = {}) {
    const { flushDelayMs = DEFAULT_FLUSH_DELAY_MS } = options
    checkFlushDelay(flushDelayMs)
    this.inner = inner
    this.flushDelayMs = flushDelayMs
    this.name = inner.name
    this.size = inner.size
    this.readOnly = inner.readOnly
    this.capabilities = Object.freeze<ProviderCapabilities>({
      ...inner.capabilities,
      mayWait: true,
      flush: 'sleeps',
      durableOnWrite: false,
    })
    if (inner.readInto !== undefined) this.readInto = inner.readInto.bind(inner)
    if (inner.writeFrom !== undefined) this.writeFrom = inner.writeFrom.bind(inner)
    if (inner.writeMany !== undefined) this.writeMany = inner.writeMany.bind(inner)
    if (inner.zero !== undefined) this.zero = inner.zero.bind(inner)
    if (inner.lock !== undefined) this.lock = inner.lock.bind(inner)
    const share = inner.share?.bind(inner)
    if (share !== undefined) this.share = () => sleepingFlushShare(share(), flushDelayMs)
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.inner.read(offset, target)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.inner.write(offset, source)
  }

  /** Sleeps, then flushes the inner storage. A failure of that one fails the wait, in each of its forms. */
  flush(): Wait {
    return this.sleepThen({ object: 'provider', kind: 'flush', start: 0, end: this.size }, () =>
      this.inner.flush(),
    )
  }

  /** As `flush`, for a range. @throws {OutOfRangeError} at the call. */
  persist(offset: number, length: number): Wait {
    checkRange(this, offset, length)
    const on: WaitSubject = { object: 'provider', kind: 'flush', start: offset, end: offset + length }
    return this.sleepThen(on, () =>
      this.inner.persist === undefined ? this.inner.flush() : this.inner.persist(offset, length),
    )
  }

  /** Closes the inner storage. A flush that still sleeps fails with its `ClosedError` when it wakes. */
  close(): MaybeSleep {
    return this.inner.close()
  }

  /** There is no `ready`: before it has slept, and the inner flush is over, nothing knows. */
  private sleepThen(on: WaitSubject, flush: () => MaybeSleep): Wait {
    let begun: Promise<void> | undefined
    return {
      on,
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) => {
        begun ??= this.sleep().then(async () => {
          await flush()
        })
        return begun.then(...callbacks)
      },
      block: () => {
        // Nobody else has this word, so the wait ends when its time is over.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.flushDelayMs)
        this.blockOn(flush())
      },
    }
  }

  private sleep(): Promise<void> {
    return new Promise((resolve) => void setTimeout(resolve, this.flushDelayMs))
  }

  private blockOn(wait: MaybeSleep): void {
    if (wait === undefined) return
    if (wait.block !== undefined) {
      wait.block()
      return
    }
    // Nobody hears how it ends; unheard, a failure would end the process.
    wait.then(undefined, () => {})
    const detail = 'its flush ends only when the event loop turns; use the asynchronous form'
    throw new CannotBlockError({ image: this.name }, detail)
  }
}
