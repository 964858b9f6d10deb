/**
 * The two pages that libpmemblk puts before a BTT: a pool header and a descriptor. Only what a BTT reader needs of them.
 * Positions as found in pools that libpmemblk 1.12.1 wrote.
 */
import { decodeUuid } from './uuid.ts'

/** Bytes from the start of a pool to its BTT. */
export const POOL_BTT_OFFSET = 8192

const SIGNATURE = 'PMEMBLK\0'
const AT = {
  /** 16 bytes: the UUID of the pool set; the BTT's parent UUID. */
  poolsetUuid: 24,
  /** u32, bytes: the block size; the BTT's external LBA size. */
  blockSize: 4096,
} as const

export interface PoolHeader {
  readonly poolsetUuid: string
  readonly blockSize: number
}

/** Reads the first 8192 bytes of a pool; `undefined` when they are no libpmemblk pool. */
export function decodePoolHeader(bytes: Uint8Array): PoolHeader | undefined {
  if (bytes.length < POOL_BTT_OFFSET) return undefined
  for (let i = 0; i < SIGNATURE.length; i++) {
    if (bytes[i] !== SIGNATURE.charCodeAt(i)) return undefined
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { poolsetUuid: decodeUuid(bytes, AT.poolsetUuid), blockSize: view.getUint32(AT.blockSize, true) }
}
