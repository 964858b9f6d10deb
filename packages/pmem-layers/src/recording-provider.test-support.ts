import type {
  ByteRange,
  CallStage,
  MaybeSleep,
  PmemProvider,
  ProviderCapabilities,
  ProviderShare,
  Wait,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'

export const SIZE = 4096

/** Only what a provider must have, over a memory. */
export class BareProvider implements PmemProvider {
  readonly name = 'bare'
  readonly size = SIZE
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities
  /** Each call, as its name and arguments. */
  readonly calls: unknown[][] = []
  readonly memory = new MemoryProvider({ size: SIZE, shared: true }, 'bare')
  /** What each call answers with when it is done, or throws. */
  answer: () => MaybeSleep = () => undefined

  constructor() {
    this.capabilities = this.memory.capabilities
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    this.memory.read(offset, target)
    return this.note('read', offset, target)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    this.memory.write(offset, source)
    return this.note('write', offset, source)
  }

  flush(): MaybeSleep {
    return this.note('flush')
  }

  close(): MaybeSleep {
    this.memory.close()
    return this.note('close')
  }

  protected note(...call: unknown[]): MaybeSleep {
    this.calls.push(call)
    return this.answer()
  }
}

/** All that a provider can have. */
export class FullProvider extends BareProvider {
  readonly mapping = this.memory.mapping
  /** What it knows to be bad; it is read all the same. */
  bad: readonly ByteRange[] = []

  readInto(offset: number, target: Uint8Array, start: number, length: number): MaybeSleep {
    this.memory.readInto(offset, target, start, length)
    return this.note('readInto', offset, target, start, length)
  }

  writeFrom(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    this.memory.writeFrom(offset, source, start, length)
    return this.note('writeFrom', offset, source, start, length)
  }

  writeMany(segments: readonly { offset: number; source: Uint8Array }[]): MaybeSleep {
    for (const { offset, source } of segments) this.memory.write(offset, source)
    return this.note('writeMany', segments)
  }

  zero(offset: number, length: number): MaybeSleep {
    this.memory.zero(offset, length)
    return this.note('zero', offset, length)
  }

  persist(offset: number, length: number): MaybeSleep {
    return this.note('persist', offset, length)
  }

  persistMany(ranges: readonly ByteRange[]): MaybeSleep {
    return this.note('persistMany', ranges)
  }

  writeThrough(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    this.memory.writeFrom(offset, source, start, length)
    return this.note('writeThrough', offset, source, start, length)
  }

  badBlocks(): readonly ByteRange[] {
    return this.bad
  }

  annotate(stage: CallStage, lane?: number): void {
    this.calls.push(['annotate', stage, lane])
  }

  lock(mode: string): MaybeSleep {
    return this.note('lock', mode)
  }

  share(): ProviderShare {
    return this.memory.share()
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

/** Calls that touch 8 bytes at 16, each once, by the name of the method. */
export const CALLS: Readonly<Record<string, (provider: PmemProvider) => MaybeSleep>> = {
  read: (provider) => provider.read(16, new Uint8Array(8)),
  readInto: (provider) => provider.readInto?.(16, new Uint8Array(10), 1, 8),
  write: (provider) => provider.write(16, new Uint8Array(8).fill(1)),
  writeFrom: (provider) => provider.writeFrom?.(16, new Uint8Array(10).fill(1), 1, 8),
  writeMany: (provider) => provider.writeMany?.([{ offset: 16, source: new Uint8Array(8).fill(1) }]),
  writeThrough: (provider) => provider.writeThrough?.(16, new Uint8Array(10).fill(1), 1, 8),
  zero: (provider) => provider.zero?.(16, 8),
  flush: (provider) => provider.flush(),
  persist: (provider) => provider.persist?.(16, 8),
  persistMany: (provider) => provider.persistMany?.([{ offset: 16, length: 8 }]),
  lock: (provider) => provider.lock?.('shared'),
  close: (provider) => provider.close(),
}

/** The bytes of a range, past every layer. */
export function bytesOf({ memory }: BareProvider, offset: number, length: number): number[] {
  return [...memory.mapping.subarray(offset, offset + length)]
}
