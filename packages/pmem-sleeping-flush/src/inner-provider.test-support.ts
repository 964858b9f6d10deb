import type { MaybeSleep, PmemProvider, ProviderCapabilities, Wait } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'

/** Only what a provider must have, over a memory; it writes down what is asked of it, and flushes as the test says. */
export class BareProvider implements PmemProvider {
  readonly name = 'bare'
  readonly size = 64
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities
  readonly log: string[] = []
  /** What a flush answers with, or throws. */
  onFlush: () => MaybeSleep = () => undefined
  private readonly memory = new MemoryProvider({ size: 64 }, 'bare')

  constructor() {
    this.capabilities = this.memory.capabilities
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    this.log.push('read')
    return this.memory.read(offset, target)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    this.log.push('write')
    return this.memory.write(offset, source)
  }

  flush(): MaybeSleep {
    this.memory.flush()
    this.log.push('flush')
    return this.onFlush()
  }

  close(): MaybeSleep {
    this.log.push('close')
    return this.memory.close()
  }
}

/** A wait that both forms end, with a failure where one is given. */
export function waitThatEnds(failure?: Error): Wait {
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) =>
      (failure === undefined ? Promise.resolve() : Promise.reject(failure)).then(...callbacks),
    block: () => {
      if (failure !== undefined) throw failure
    },
  }
}
