import { ProviderOpenError } from '@bttkit/interfaces'
import type { FileMapping } from './file-mapping.ts'
import { loadLibpmem, type NativeCalls } from './native.ts'
import { ioError } from './system-error.ts'

/** How stores are made durable: written back from the processor's caches, or by the kernel, in pages. */
export type Persistence = 'libpmem' | 'msync'

/** Makes a range of the mapping durable. @throws {ProviderIoError} */
export type Persist = (offset: number, length: number) => void

/**
 * Whether flushing the caches makes a mapping durable. MAP_SYNC says so; `PMEM_IS_PMEM_FORCE`, which libpmem knows too, overrules it with 0 or 1,
 * at the risk of who set it.
 */
function isPmem(synchronous: boolean): boolean {
  const forced = process.env['PMEM_IS_PMEM_FORCE']
  return forced === '1' || (synchronous && forced !== '0')
}

/**
 * The one that was asked for; else libpmem where it is there and enough, and msync everywhere else.
 *
 * @throws {ProviderOpenError} EOPNOTSUPP for libpmem where it is not there, or would not make anything durable.
 */
export function choosePersistence(
  path: string,
  synchronous: boolean,
  wanted: Persistence | undefined,
): Persistence {
  if (wanted === 'msync') return wanted
  const reason = whyNotLibpmem(synchronous)
  if (reason === undefined) return 'libpmem'
  if (wanted === undefined) return 'msync'
  throw new ProviderOpenError(
    { image: path },
    `cannot be persisted by libpmem: ${reason} (EOPNOTSUPP)`,
    'EOPNOTSUPP',
  )
}

function whyNotLibpmem(synchronous: boolean): string | undefined {
  if (!isPmem(synchronous)) return 'it is not on persistent memory; PMEM_IS_PMEM_FORCE=1 takes it for that'
  return loadLibpmem() === undefined ? 'libpmem.so.1 cannot be loaded' : undefined
}

/** @throws {ProviderOpenError} for libpmem where it is not there. */
export function persistOf(
  persistence: Persistence,
  path: string,
  mapping: FileMapping,
  native: NativeCalls,
): Persist {
  const { address } = mapping
  if (persistence === 'msync') {
    return (offset, length) => {
      const from = offset - (offset % native.pageBytes)
      const errno = native.sync(address + from, offset + length - from)
      if (errno !== undefined) throw ioError(path, `persisting ${length} bytes from byte ${offset} on`, errno)
    }
  }
  const persist = loadLibpmem()
  if (persist === undefined) {
    throw new ProviderOpenError({ image: path }, 'libpmem.so.1 cannot be loaded (ENOENT)', 'ENOENT')
  }
  return (offset, length) => persist(address + offset, length)
}
