import type { CallStage, MaybeSleep, PmemProvider, ProviderCapabilities } from '@bttkit/interfaces'

/** Storage that does nothing when one stage is to be made durable. What the others ask for goes to the storage under it. */
export class LeavingOutFlushes implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities: ProviderCapabilities
  readonly persist?: (offset: number, length: number) => MaybeSleep
  private readonly inner: PmemProvider
  private readonly leftOut: CallStage
  private stage: CallStage | undefined

  constructor(inner: PmemProvider, leftOut: CallStage) {
    this.inner = inner
    this.leftOut = leftOut
    this.name = inner.name
    this.size = inner.size
    this.readOnly = inner.readOnly
    this.capabilities = inner.capabilities
    if (inner.persist !== undefined)
      this.persist = (offset, length) => this.unlessLeftOut(() => inner.persist?.(offset, length))
  }

  annotate(stage: CallStage): void {
    this.stage = stage
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    return this.inner.read(offset, target)
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    return this.inner.write(offset, source)
  }

  flush(): MaybeSleep {
    return this.unlessLeftOut(() => this.inner.flush())
  }

  close(): MaybeSleep {
    return this.inner.close()
  }

  private unlessLeftOut(flush: () => MaybeSleep): MaybeSleep {
    return this.stage === this.leftOut ? undefined : flush()
  }
}
