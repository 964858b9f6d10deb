/** Storage of any size, of which only what is not zero takes memory. */
import { checkRange, ClosedError, type PmemProvider, type ProviderCapabilities } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'

const PAGE_BYTES = 4096

export class SparseProvider implements PmemProvider {
  readonly name = 'sparse'
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities = new MemoryProvider({ size: 0 }).capabilities
  readonly size: number
  private readonly pages = new Map<number, Uint8Array>()
  private closed = false

  constructor(sizeBytes: number) {
    this.size = sizeBytes
  }

  read(offset: number, target: Uint8Array): undefined {
    this.check(offset, target.length)
    for (let index = 0; index < target.length; index++) {
      const [page, at] = this.placeOf(offset + index)
      target[index] = this.pages.get(page)?.[at] ?? 0
    }
  }

  write(offset: number, source: Uint8Array): undefined {
    this.check(offset, source.length)
    for (const [index, byte] of source.entries()) {
      const [page, at] = this.placeOf(offset + index)
      const bytes = this.pages.get(page) ?? new Uint8Array(PAGE_BYTES)
      bytes[at] = byte
      this.pages.set(page, bytes)
    }
  }

  zero(offset: number, length: number): undefined {
    checkRange(this, offset, length)
    this.write(offset, new Uint8Array(length))
  }

  flush(): undefined {
    this.check(0, 0)
  }

  close(): undefined {
    this.closed = true
  }

  protected placeOf(offset: number): [page: number, at: number] {
    return [Math.floor(offset / PAGE_BYTES), offset % PAGE_BYTES]
  }

  private check(offset: number, length: number): void {
    if (this.closed) throw new ClosedError({ image: this.name }, 'closed')
    checkRange(this, offset, length)
  }
}

/** It counts in 32 bits. */
export class CountsIn32Bits extends SparseProvider {
  protected override placeOf(offset: number): [page: number, at: number] {
    return super.placeOf(offset >>> 0)
  }
}

/** It counts in 32 bits, with a sign, where it clears. */
export class ZeroesIn31Bits extends SparseProvider {
  override zero(offset: number, length: number): undefined {
    super.zero(offset > 2 ** 31 ? offset - 2 ** 31 : offset, length)
  }
}
