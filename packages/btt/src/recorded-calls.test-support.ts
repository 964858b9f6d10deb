import type { ByteRange, CallStage, MaybeSleep, PmemProvider, ProviderCapabilities } from '@bttkit/interfaces'
import { PassingProvider } from './engine.test-support.ts'

export interface RecordedCall {
  readonly method: 'read' | 'write' | 'writeThrough' | 'persist' | 'flush' | 'zero'
  readonly offset: number
  readonly length: number
  /** What was said of it immediately before; absent where nothing was. */
  readonly stage?: CallStage | undefined
  readonly lane?: number | undefined
}

/** Writes down each call with what it was said to be for, and makes it. */
export class RecordingProvider extends PassingProvider {
  readonly calls: RecordedCall[] = []
  private said: { readonly stage: CallStage; readonly lane?: number | undefined } | undefined

  constructor(inner: PmemProvider, capabilities: Partial<ProviderCapabilities> = {}) {
    super(inner, capabilities)
  }

  annotate(stage: CallStage, lane?: number): void {
    if (this.said !== undefined) throw new Error(`${this.said.stage} was said of no call`)
    this.said = { stage, lane }
  }

  badBlocks(): readonly ByteRange[] {
    return this.inner.badBlocks?.() ?? []
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    this.record('read', offset, target.length)
    return super.read(offset, target)
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    this.record('write', offset, source.length)
    return super.write(offset, source)
  }

  persist(offset: number, length: number): MaybeSleep {
    this.record('persist', offset, length)
    return this.inner.persist === undefined ? this.inner.flush() : this.inner.persist(offset, length)
  }

  override flush(): MaybeSleep {
    this.record('flush', 0, this.size)
    return super.flush()
  }

  override zero(offset: number, length: number): MaybeSleep {
    this.record('zero', offset, length)
    return super.zero(offset, length)
  }

  /** What was recorded since the last time, a line a call: what it was for, and the method. */
  takeLines(): string[] {
    return this.calls.splice(0).map(({ stage, method }) => `${stage ?? 'nothing'}: ${method}`)
  }

  protected record(method: RecordedCall['method'], offset: number, length: number): void {
    this.calls.push({ method, offset, length, ...this.said })
    this.said = undefined
  }
}

/** As that one, over storage that can make a write durable in one call. */
export class RecordingThroughProvider extends RecordingProvider {
  writeThrough(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    this.record('writeThrough', offset, length)
    return this.inner.write(offset, source.subarray(start, start + length))
  }
}
