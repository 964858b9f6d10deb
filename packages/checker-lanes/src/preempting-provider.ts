import {
  type LockMode,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type WaitKind,
} from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'

/**
 * A layer that makes each call a preemption point: the call is made, and one that is over at once answers that others may run
 * first. A call that really waits passes through. So tasks can be preempted wherever a kernel without preemption off can preempt them.
 *
 * Flushes are asked for over memory too, so that they are preemption points as well. The layer stores nothing and keeps the promises of what
 * is below.
 */
export class PreemptingProvider implements PmemProvider {
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
    const { flush } = inner.capabilities
    this.capabilities = Object.freeze({
      ...inner.capabilities,
      mayWait: true,
      durableOnWrite: false,
      flush: flush === 'none' ? 'immediate' : flush,
    })
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.inner.read(offset, target) ?? point('read', offset, target.length)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.inner.write(offset, source) ?? point('write', offset, source.length)
  }

  readInto(offset: number, target: Uint8Array, start: number, length: number): MaybeSleep {
    const { inner } = this
    const wait =
      inner.readInto === undefined
        ? inner.read(offset, target.subarray(start, start + length))
        : inner.readInto(offset, target, start, length)
    return wait ?? point('read', offset, length)
  }

  writeFrom(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    const { inner } = this
    const wait =
      inner.writeFrom === undefined
        ? inner.write(offset, source.subarray(start, start + length))
        : inner.writeFrom(offset, source, start, length)
    return wait ?? point('write', offset, length)
  }

  persist(offset: number, length: number): MaybeSleep {
    const { inner } = this
    const wait = inner.persist === undefined ? inner.flush() : inner.persist(offset, length)
    return wait ?? point('flush', offset, length)
  }

  flush(): MaybeSleep {
    return this.inner.flush() ?? point('flush', 0, this.size)
  }

  lock(mode: LockMode): MaybeSleep {
    return this.inner.lock?.(mode)
  }

  close(): MaybeSleep {
    return this.inner.close()
  }
}

function point(kind: WaitKind, offset: number, length: number): MaybeSleep {
  return preemptionPoint({ object: 'provider', kind, start: offset, end: offset + length })
}
