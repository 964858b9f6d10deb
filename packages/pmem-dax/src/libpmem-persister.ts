import type { ByteRange, WriteSegment } from '@bttkit/interfaces'
import type { FileMapping } from './file-mapping.ts'
import type { LibpmemCalls } from './libpmem.ts'
import { goesInWords } from './mapped-view.ts'
import type { Persister } from './persister.ts'

/**
 * Lines go from the processor's caches to the medium, or past the caches.
 *
 * Invariant: short pieces of whole words are stored as `FileMapping.store` does it, by ordinary stores, and then written back. Only what is longer is
 * copied past the caches, in any order; that is over, and durable, when the call is.
 */
export class LibpmemPersister implements Persister {
  readonly skipsClean = false
  private readonly mapping: FileMapping
  private readonly libpmem: LibpmemCalls

  constructor(mapping: FileMapping, libpmem: LibpmemCalls) {
    this.mapping = mapping
    this.libpmem = libpmem
  }

  persist(offset: number, length: number): void {
    this.libpmem.persist(this.mapping.address + offset, length)
  }

  persistMany(ranges: readonly ByteRange[]): void {
    const { mapping, libpmem } = this
    for (const { offset, length } of ranges) libpmem.flush(mapping.address + offset, length)
    libpmem.drain()
  }

  storeThrough(offset: number, source: Uint8Array, start: number, length: number): void {
    const { mapping, libpmem } = this
    if (goesInWords(offset, length)) {
      mapping.store(offset, source, start, length)
      libpmem.persist(mapping.address + offset, length)
      return
    }
    libpmem.copyPersist(mapping.address + offset, start === 0 ? source : source.subarray(start), length)
  }

  storeManyThrough(segments: readonly WriteSegment[]): void {
    const { mapping, libpmem } = this
    for (const { offset, source } of segments) {
      const { byteLength } = source
      if (goesInWords(offset, byteLength)) {
        mapping.store(offset, source, 0, byteLength)
        libpmem.flush(mapping.address + offset, byteLength)
      } else libpmem.copy(mapping.address + offset, source, byteLength)
    }
    libpmem.drain()
  }
}
