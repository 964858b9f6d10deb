import type { MaybeSleep, PmemProvider, ProviderCapabilities } from '@bttkit/interfaces'

/** Storage that has `writeThrough` besides: a write, and then what makes it durable. */
export class WritingThrough implements PmemProvider {
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
    this.capabilities = inner.capabilities
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.inner.read(offset, target)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.inner.write(offset, source)
  }

  writeThrough(offset: number, source: Uint8Array, start: number, length: number): undefined {
    void this.inner.write(offset, source.subarray(start, start + length))
    void this.inner.flush()
  }

  flush(): MaybeSleep {
    return this.inner.flush()
  }

  close(): MaybeSleep {
    return this.inner.close()
  }
}
