import type { ByteRange } from '@bttkit/interfaces'
import { INFO_BLOCK_BYTES } from './info-block.ts'
import { DEFAULT_NFREE, layOut, roundDown, type ArenaLayout } from './layout.ts'
import { POOL_BTT_OFFSET, type PoolHeader } from './pool-header.ts'

/**
 * Where everything will be in a pool of this size, by libpmemblk's arithmetic.
 *
 * @throws {LayoutError} for a block size or a size that no pool has.
 */
export function layOutPool(storageBytes: number, { blockSize }: PoolHeader): ArenaLayout[] {
  const sizeBytes = roundDown(storageBytes, 4096) - POOL_BTT_OFFSET
  return layOut({ sizeBytes, externalLbasize: blockSize, nfree: DEFAULT_NFREE, dialect: 'pmdk' })
}

/**
 * The ranges that are all zeros in a pool that was never written. A pool gets its BTT with its first write. Until then nothing is where its info blocks
 * and its flog will be. With a flog it was written and lost its info blocks: to show zeros then would hide all that it holds.
 *
 * @param end where the namespace ends
 * @throws {LayoutError} as `layOutPool`
 */
export function* unwrittenPoolRanges(
  storageBytes: number,
  end: number,
  pool: PoolHeader,
): Generator<ByteRange> {
  const last = roundDown(end, INFO_BLOCK_BYTES) - INFO_BLOCK_BYTES
  yield { offset: POOL_BTT_OFFSET, length: INFO_BLOCK_BYTES }
  yield { offset: last, length: INFO_BLOCK_BYTES }
  let start = POOL_BTT_OFFSET
  for (const { logoff, info2off, nextoff } of layOutPool(storageBytes, pool)) {
    yield { offset: start + logoff, length: info2off + INFO_BLOCK_BYTES - logoff }
    start += nextoff
  }
}
