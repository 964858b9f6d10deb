import type { MaybeSleep, PmemProvider, ProviderCapabilities } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'

const PAGE_BYTES = 4096

/** Memory that is larger than its content: pages of zeros take no space. */
export class SparseMemory implements PmemProvider {
  readonly name = 'sparse memory'
  readonly size: number
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities = new PowerFailMemory({ media: 0, model: 'strict' })
    .capabilities
  private readonly pages = new Map<number, Uint8Array>()

  constructor(size: number) {
    this.size = size
  }

  read(offset: number, target: Uint8Array): undefined {
    for (const { page, within, at, length } of pieces(offset, target.length)) {
      const content = this.pages.get(page)
      if (content === undefined) target.fill(0, at, at + length)
      else target.set(content.subarray(within, within + length), at)
    }
  }

  write(offset: number, source: Uint8Array): undefined {
    for (const { page, within, at, length } of pieces(offset, source.length)) {
      const content = this.pages.get(page) ?? new Uint8Array(PAGE_BYTES)
      content.set(source.subarray(at, at + length), within)
      this.pages.set(page, content)
    }
  }

  zero(offset: number, length: number): undefined {
    for (const piece of pieces(offset, length))
      this.pages.get(piece.page)?.fill(0, piece.within, piece.within + piece.length)
  }

  flush(): MaybeSleep {
    return undefined
  }

  /** It has nothing to give up. */
  close(): MaybeSleep {
    return undefined
  }
}

function* pieces(
  offset: number,
  length: number,
): Generator<{ page: number; within: number; at: number; length: number }> {
  for (let at = 0; at < length;) {
    const page = Math.floor((offset + at) / PAGE_BYTES)
    const within = (offset + at) % PAGE_BYTES
    const count = Math.min(PAGE_BYTES - within, length - at)
    yield { page, within, at, length: count }
    at += count
  }
}
