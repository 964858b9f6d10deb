import {
  DEFAULT_NFREE,
  POOL_BTT_OFFSET,
  layOut,
  roundDown,
  type ArenaLayout,
  type PoolHeader,
} from '@bttkit/btt-format'

/**
 * Where everything will be in a pool of this size, by libpmemblk's arithmetic.
 *
 * @throws {LayoutError} for a block size or a size that no pool has.
 */
export function layOutPool(storageBytes: number, { blockSize }: PoolHeader): ArenaLayout[] {
  const sizeBytes = roundDown(storageBytes, 4096) - POOL_BTT_OFFSET
  return layOut({ sizeBytes, externalLbasize: blockSize, nfree: DEFAULT_NFREE, dialect: 'pmdk' })
}
