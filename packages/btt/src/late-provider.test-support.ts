import type { MaybeSleep, PmemProvider, ProviderCapabilities, Wait, WaitKind } from '@bttkit/interfaces'
import { PassingProvider } from './engine.test-support.ts'

/** A call that was begun and does its work when the test says so. */
interface LateCall {
  readonly kind: WaitKind
  readonly offset: number
  readonly length: number
  /** Does what was asked for, with the buffers as they are by now, and ends the wait. */
  finish(): void
  fail(error: Error): void
}

/**
 * While `isLate`, calls wait in `calls` until the test finishes them, and only then look at their buffers: what is stored is what the source
 * has then. Such a wait cannot be blocked on.
 */
export class LateProvider extends PassingProvider {
  isLate = false
  isClosed = false
  /** Those under way. */
  readonly calls: LateCall[] = []
  /** All that were ever late. */
  readonly history: LateCall[] = []

  constructor(inner: PmemProvider, capabilities: Partial<ProviderCapabilities> = {}) {
    super(inner, { mayWait: true, flush: 'sleeps', durableOnWrite: false, ...capabilities })
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    return this.later('read', offset, target.length, () => void this.inner.read(offset, target))
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    return this.later('write', offset, source.length, () => void this.inner.write(offset, source))
  }

  override flush(): MaybeSleep {
    return this.later('flush', 0, this.size, () => {})
  }

  override close(): MaybeSleep {
    this.isClosed = true
    return undefined
  }

  /** Finishes the calls that are under way, and all that come after them. */
  finishAll(): void {
    this.isLate = false
    for (let call = this.calls[0]; call !== undefined; call = this.calls[0]) call.finish()
  }

  private later(kind: WaitKind, offset: number, length: number, work: () => void): MaybeSleep {
    if (!this.isLate) {
      work()
      return undefined
    }
    let resolve = (): void => {}
    let reject = (_error: Error): void => {}
    const wait: Wait = Object.assign(
      new Promise<void>((onEnd, onFailure) => {
        resolve = onEnd
        reject = onFailure
      }),
      { on: { object: 'provider', kind, start: offset, end: offset + length } as const },
    )
    const end = (how: () => void): void => {
      this.calls.splice(this.calls.indexOf(call), 1)
      how()
    }
    const call: LateCall = {
      kind,
      offset,
      length,
      finish: () => {
        end(() => {
          work()
          resolve()
        })
      },
      fail: (error) => {
        end(() => reject(error))
      },
    }
    this.calls.push(call)
    this.history.push(call)
    return wait
  }
}

/** Lets everything go on that can go on without a late call. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => void setImmediate(resolve))
}
