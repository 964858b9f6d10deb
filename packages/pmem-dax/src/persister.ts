import { ProviderOpenError, type ByteRange, type WriteSegment } from '@bttkit/interfaces'
import type { FileMapping } from './file-mapping.ts'
import { LibpmemPersister } from './libpmem-persister.ts'
import { MsyncPersister } from './msync-persister.ts'
import { loadLibpmem, type NativeCalls } from './native.ts'
import type { Persistence } from './persistence.ts'

/** How the ranges of one mapping become durable. All ranges are within it, and it is open. */
export interface Persister {
  /** Whether it takes no time to persist what is clean. */
  readonly skipsClean: boolean
  /** Makes a range durable. @throws {ProviderIoError} */
  persist(offset: number, length: number): void
  /** Makes several ranges durable, with one wait for all of them. @throws {ProviderIoError} */
  persistMany(ranges: readonly ByteRange[]): void
  /** Stores a piece, and makes it durable. @throws {ProviderIoError} */
  storeThrough(offset: number, source: Uint8Array, start: number, length: number): void
  /** As `storeThrough` for each segment, with one wait for all of them; absent where that is no faster than to store them and to persist them later. */
  storeManyThrough?(segments: readonly WriteSegment[]): void
}

/** @throws {ProviderOpenError} ENOENT for libpmem where it is not there. */
export function persisterOf(
  persistence: Persistence,
  path: string,
  mapping: FileMapping,
  native: NativeCalls,
): Persister {
  if (persistence === 'msync') return new MsyncPersister(path, mapping, native)
  const libpmem = loadLibpmem()
  if (libpmem !== undefined) return new LibpmemPersister(mapping, libpmem)
  throw new ProviderOpenError({ image: path }, 'libpmem.so.1 cannot be loaded (ENOENT)', 'ENOENT')
}
