/** Providers that misbehave on purpose, loaded into the program with `--plugin`. */
import {
  defineProviderPlugin,
  ProviderOpenError,
  type MaybeSleep,
  type ParameterSchemas,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
} from '@bttkit/interfaces'
import { FileProvider } from '@bttkit/pmem-file'

class PassingProvider implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities: ProviderCapabilities
  protected readonly inner: PmemProvider

  constructor(inner: PmemProvider, capabilities: Partial<ProviderCapabilities> = {}) {
    this.inner = inner
    this.name = inner.name
    this.size = inner.size
    this.readOnly = inner.readOnly
    this.capabilities = Object.freeze({ ...inner.capabilities, ...capabilities })
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.inner.read(offset, target)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.inner.write(offset, source)
  }

  flush(): MaybeSleep {
    return this.inner.flush()
  }

  close(): MaybeSleep {
    return this.inner.close()
  }

  lock(mode: 'shared' | 'exclusive'): MaybeSleep {
    return this.inner.lock?.(mode)
  }
}

/** Kills the process before its n-th write: the power fails between two stores. */
class Dying extends PassingProvider {
  private left: number

  constructor(inner: PmemProvider, writes: number) {
    super(inner)
    this.left = writes
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    if (this.left-- === 0) process.kill(process.pid, 'SIGKILL')
    return super.write(offset, source)
  }
}

/** Its flush takes a while, and only the event loop knows when it is over. */
class Sleepy extends PassingProvider {
  private readonly delayMs: number

  constructor(inner: PmemProvider, delayMs: number) {
    super(inner, { mayWait: true, flush: 'sleeps' })
    this.delayMs = delayMs
  }

  override flush(): MaybeSleep {
    return new Promise((resolve) => {
      setTimeout(resolve, this.delayMs)
    })
  }
}

/** Throws out of nowhere, where no operation can catch it. */
class Throwing extends PassingProvider {
  override write(): MaybeSleep {
    process.nextTick(() => {
      throw new Error('out of nowhere')
    })
    return new Promise(() => {})
  }
}

/** Takes a while to close, with its lock held, if it was in use. */
class Lingering extends PassingProvider {
  private wasUsed = false

  constructor(inner: PmemProvider) {
    super(inner, { mayWait: true })
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    this.wasUsed = true
    return super.read(offset, target)
  }

  override close(): MaybeSleep {
    if (!this.wasUsed) return super.close()
    return new Promise((resolve) => {
      setTimeout(() => resolve(this.inner.close()), LINGERING_MS)
    })
  }
}

/** May be joined by other threads. */
class Shared extends PassingProvider {
  private readonly scheme: string

  constructor(inner: PmemProvider, scheme: string) {
    super(inner)
    this.scheme = scheme
  }

  share(): ProviderShare {
    return { scheme: this.scheme, handle: this.inner.share?.() }
  }
}

/** Ends its thread in the middle of a write. */
class Deserting extends PassingProvider {
  override write(): never {
    process.exit(0)
  }
}

/** Leaves a timer behind when it is closed. */
class Clinging extends PassingProvider {
  override close(): MaybeSleep {
    setInterval(() => {}, 1000)
    return super.close()
  }
}

function innerShare(handle: unknown): ProviderShare {
  if (typeof handle === 'object' && handle !== null && 'scheme' in handle && 'handle' in handle)
    return { scheme: String(handle.scheme), handle: handle.handle }
  throw new TypeError('no share')
}

const LINGERING_MS = 500

/** A parameter that is a number, 0 where it is absent. */
const numberSchema: ParameterSchemas[string] = {
  '~standard': { version: 1, vendor: 'bttkit', validate: (given) => ({ value: Number(given ?? 0) }) },
}

export const providerPlugin = defineProviderPlugin({
  name: 'misbehaving',
  schemes: [
    'dying',
    'sleepy',
    'throwing',
    'lingering',
    'clinging',
    'leaving',
    'endless',
    'deserted',
    'unjoinable',
  ],
  parameters: { writes: numberSchema, flushDelayMs: numberSchema },
  async open({ scheme, path, values }, { readOnly, blocking = false }): Promise<PmemProvider> {
    // Ends the thread that it runs on.
    if (scheme === 'leaving') process.exit(0)
    if (scheme === 'endless') return new Promise(() => {})
    const inner = FileProvider.open(path, { readOnly, blocking })
    if (scheme === 'dying') return new Dying(inner, Number(values.writes))
    if (scheme === 'sleepy') return new Sleepy(inner, Number(values.flushDelayMs))
    if (scheme === 'lingering') return new Lingering(inner)
    if (scheme === 'clinging') return new Clinging(inner)
    if (scheme === 'deserted' || scheme === 'unjoinable') return new Shared(inner, scheme)
    return new Throwing(inner, { mayWait: true })
  },
  async join({ scheme, handle }) {
    if (scheme === 'unjoinable') throw new ProviderOpenError({ image: scheme }, 'cannot be joined', 'EACCES')
    return new Deserting(FileProvider.join(innerShare(handle)))
  },
})
