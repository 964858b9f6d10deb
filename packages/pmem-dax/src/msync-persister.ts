import { ioError } from '@bttkit/image-file'
import type { ByteRange } from '@bttkit/interfaces'
import type { FileMapping } from './file-mapping.ts'
import type { NativeCalls } from './native.ts'
import type { Persister } from './persister.ts'

/** The kernel writes back the pages of a range, and waits for the storage. */
export class MsyncPersister implements Persister {
  readonly skipsClean = true
  private readonly path: string
  private readonly mapping: FileMapping
  private readonly native: NativeCalls

  constructor(path: string, mapping: FileMapping, native: NativeCalls) {
    this.path = path
    this.mapping = mapping
    this.native = native
  }

  persist(offset: number, length: number): void {
    const { mapping, native } = this
    const from = offset - (offset % native.pageBytes)
    const errno = native.sync(mapping.address + from, offset + length - from)
    if (errno === undefined) return
    throw ioError({ image: this.path }, `persisting ${length} bytes from byte ${offset} on`, errno)
  }

  /** All of it in one call: it takes no time for what is clean between the ranges, and each call is a commit of the file system. */
  persistMany(ranges: readonly ByteRange[]): void {
    const from = ranges.reduce((lowest, { offset }) => Math.min(lowest, offset), Infinity)
    const to = ranges.reduce((highest, { offset, length }) => Math.max(highest, offset + length), 0)
    if (from < to) this.persist(from, to - from)
  }

  storeThrough(offset: number, source: Uint8Array, start: number, length: number): void {
    this.mapping.store(offset, source, start, length)
    this.persist(offset, length)
  }
}
