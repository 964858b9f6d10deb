import {
  ProviderIoError,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
} from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { preemptionPoint } from '@bttkit/sleepable'

interface Store {
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * Storage with a cache, as an operating system's: a flush that fails forgets what it should have made durable. It can be read on, and no later flush writes
 * it. Each call is a point at which others may run.
 */
export class ForgetfulStorage implements PmemProvider {
  readonly name = 'forgetful storage'
  readonly size: number
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities
  /** What a power failure leaves. */
  readonly durable: PowerFailMemory
  private readonly cache: PowerFailMemory
  private dirty: Store[] = []
  private flushesLeft = Infinity

  constructor(image: Uint8Array) {
    this.size = image.length
    this.durable = new PowerFailMemory({ media: image, model: 'strict' })
    this.cache = this.durable.copy()
    const { capabilities } = new PowerFailMemory({ media: 0, model: 'buffered' })
    this.capabilities = Object.freeze({ ...capabilities, mayWait: true })
  }

  /** The flush with this number fails, from 1 on, of those that are to come. */
  failFlush(number: number): void {
    this.flushesLeft = number
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    this.cache.read(offset, target)
    return preemptionPoint({ object: 'provider', kind: 'read', start: offset, end: offset + target.length })
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    this.cache.write(offset, source)
    this.dirty.push({ offset, bytes: source.slice() })
    return preemptionPoint({ object: 'provider', kind: 'write', start: offset, end: offset + source.length })
  }

  /** @throws {ProviderIoError} the flush that shall fail */
  flush(): MaybeSleep {
    const dirty = this.dirty.splice(0)
    if (--this.flushesLeft === 0)
      throw new ProviderIoError({ image: this.name }, 'the flush failed (EIO)', 'EIO')
    for (const { offset, bytes } of dirty) this.durable.write(offset, bytes)
    return preemptionPoint({ object: 'provider', kind: 'flush', start: 0, end: this.size })
  }

  /** It has nothing to give up. */
  close(): MaybeSleep {
    return undefined
  }
}
