import type {
  MaybeSleep,
  PmemProvider,
  ProviderCapabilities,
  Wait,
  WaitKind,
  WaitSubject,
} from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'

/**
 * A scheduling point; the act itself follows when whoever waits goes on, as a part of that step. So whoever drives it must call `block` or `then`, also
 * though it is ready, as `ScheduledTask` does.
 */
export function pointBefore(on: WaitSubject, act: () => void): Wait {
  const point = preemptionPoint(on)
  return {
    on,
    isPreemption: true,
    ready: () => true,
    block: act,
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) => point.then(act).then(...callbacks),
  }
}

/**
 * Makes each call on a provider a scheduling point: the call happens when its wait is continued. For providers whose calls finish at once.
 *
 * It has the required calls only, so whoever uses it makes the others of these.
 */
export class ExploredProvider implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities: ProviderCapabilities
  private readonly inner: PmemProvider

  constructor(inner: PmemProvider) {
    this.inner = inner
    this.name = inner.name
    this.size = inner.size
    this.readOnly = inner.readOnly
    this.capabilities = Object.freeze({ ...inner.capabilities, mayWait: true })
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.later('read', offset, target.length, () => void this.inner.read(offset, target))
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.later('write', offset, source.length, () => void this.inner.write(offset, source))
  }

  flush(): MaybeSleep {
    return this.later('flush', 0, this.size, () => void this.inner.flush())
  }

  close(): MaybeSleep {
    return this.inner.close()
  }

  private later(kind: WaitKind, start: number, length: number, call: () => void): Wait {
    return pointBefore({ object: 'provider', kind, start, end: start + length }, call)
  }
}
