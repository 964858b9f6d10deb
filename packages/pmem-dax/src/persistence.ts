import { ProviderOpenError } from '@bttkit/interfaces'
import { loadLibpmem } from './native.ts'
import type { OpenImage } from './open-image.ts'

/** How stores are made durable: written back from the processor's caches, or by the kernel, in pages. */
export type Persistence = 'libpmem' | 'msync'

/** How the stores to one mapping are made durable, and what is known of its medium. The same on all threads that map it. */
export interface Medium {
  readonly persistence: Persistence
  /** Whether the lines of the processor's caches go to the medium and nowhere else: by the kernel's word, or by the environment's. */
  readonly isPmem: boolean
  /** Whether only the environment says so. */
  readonly isForced: boolean
}

/**
 * What the kernel says, by MAP_SYNC or because it is a DAX device; `PMEM_IS_PMEM_FORCE`, which libpmem knows too, overrules it with 0 or 1, at the
 * risk of who set it.
 */
function judgePmem(isDeviceDax: boolean, synchronous: boolean): Pick<Medium, 'isPmem' | 'isForced'> {
  const forced = process.env['PMEM_IS_PMEM_FORCE']
  const known = synchronous || isDeviceDax
  if (forced === '0') return { isPmem: false, isForced: false }
  return { isPmem: known || forced === '1', isForced: !known && forced === '1' }
}

function refusal(path: string, detail: string): ProviderOpenError {
  return new ProviderOpenError({ image: path }, `${detail} (EOPNOTSUPP)`, 'EOPNOTSUPP')
}

/**
 * The method that was asked for; else libpmem where it is there and enough, and msync everywhere else.
 *
 * @param synchronous whether the mapping is DAX with MAP_SYNC
 * @throws {ProviderOpenError} EOPNOTSUPP for libpmem where it is not there, or would not make anything durable; for msync of a DAX device.
 */
export function judgeMedium(
  { path, kind }: Pick<OpenImage, 'path' | 'kind'>,
  synchronous: boolean,
  wanted: Persistence | undefined,
): Medium {
  const pmem = judgePmem(kind === 'device-dax', synchronous)
  const reason = whyNotLibpmem(pmem.isPmem)
  const persistence = wanted ?? (reason === undefined ? 'libpmem' : 'msync')
  if (persistence === 'libpmem' && reason !== undefined) {
    throw refusal(path, `cannot be persisted by libpmem: ${reason}`)
  }
  if (persistence === 'msync' && kind === 'device-dax') {
    const because = wanted === 'msync' ? '' : `, and not by libpmem: ${reason}`
    throw refusal(path, `a DAX device has no pages that the kernel could write back by msync${because}`)
  }
  return { persistence, ...pmem }
}

function whyNotLibpmem(isPmem: boolean): string | undefined {
  if (!isPmem) return 'it is not on persistent memory; PMEM_IS_PMEM_FORCE=1 takes it for that'
  return loadLibpmem() === undefined ? 'libpmem.so.1 cannot be loaded' : undefined
}
