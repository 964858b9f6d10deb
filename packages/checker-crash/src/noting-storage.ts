import type { ByteRange, CallStage, MaybeSleep, PmemProvider, ProviderCapabilities } from '@bttkit/interfaces'

/** A call on the storage, and what the engine said of it. */
export interface NotedCall {
  readonly kind: 'read' | 'write' | 'flush'
  readonly offset: number
  /** Of a flush of everything the size of the storage, of one of several ranges up to the end of the last. */
  readonly length: number
  /** What is written. */
  readonly bytes: Uint8Array | undefined
  readonly stage: CallStage | undefined
  readonly lane: number | undefined
}

/**
 * Tells somebody of each call before it is made. It has the optional calls of `SteppingStorage`, each where that has it: with others the engine would make other calls than those that are to be noted.
 */
export class NotingStorage implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities: ProviderCapabilities
  readonly persist?: (offset: number, length: number) => MaybeSleep
  readonly persistMany?: (ranges: readonly ByteRange[]) => MaybeSleep
  private readonly inner: PmemProvider
  private readonly onCall: (call: NotedCall) => void
  private stage: CallStage | undefined
  private lane: number | undefined

  constructor(inner: PmemProvider, onCall: (call: NotedCall) => void) {
    this.inner = inner
    this.onCall = onCall
    this.name = inner.name
    this.size = inner.size
    this.readOnly = inner.readOnly
    this.capabilities = inner.capabilities
    const persist = inner.persist?.bind(inner)
    if (persist !== undefined)
      this.persist = (offset, length) => {
        this.note('flush', offset, length)
        return persist(offset, length)
      }
    const persistMany = inner.persistMany?.bind(inner)
    if (persistMany !== undefined)
      this.persistMany = (ranges) => {
        const start = Math.min(...ranges.map(({ offset }) => offset))
        const end = Math.max(...ranges.map(({ offset, length }) => offset + length))
        this.note('flush', start, end - start)
        return persistMany(ranges)
      }
  }

  annotate(stage: CallStage, lane?: number): void {
    this.stage = stage
    this.lane = lane
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    this.note('read', offset, target.length)
    return this.inner.read(offset, target)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    this.note('write', offset, source.length, source)
    return this.inner.write(offset, source)
  }

  flush(): MaybeSleep {
    this.note('flush', 0, this.size)
    return this.inner.flush()
  }

  close(): MaybeSleep {
    return this.inner.close()
  }

  private note(kind: NotedCall['kind'], offset: number, length: number, source?: Uint8Array): void {
    const { stage, lane } = this
    // What was told is about one call.
    this.stage = undefined
    this.lane = undefined
    this.onCall({ kind, offset, length, bytes: source?.slice(), stage, lane })
  }
}
