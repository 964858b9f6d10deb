/**
 * The two pages that libpmemblk puts before a BTT: a pool header and a descriptor. Only what a BTT reader needs of them.
 * Positions as found in pools that libpmemblk 1.12.1 wrote.
 */
import { fletcher64 } from './fletcher64.ts'
import { decodeUuid } from './uuid.ts'

/** Bytes from the start of a pool to its BTT. */
export const POOL_BTT_OFFSET = 8192

const SIGNATURE = 'PMEMBLK\0'
const AT = {
  /** 16 bytes: the UUID of the pool set; the BTT's parent UUID. */
  poolsetUuid: 24,
  /** u32: of the format; there is only 1. */
  major: 8,
  /** u32: features that whoever does not know them must not ignore. */
  incompatible: 16,
  /** u64: Fletcher-64 of the header, whose page ends with it. */
  checksum: 4088,
  /** u32, bytes: the block size; the BTT's external LBA size. */
  blockSize: 4096,
} as const

const HEADER_BYTES = 4096
/** This feature says that only the first half of the header is summed: the second changes at each opening. */
const FEATURE_CHECKSUM_2K = 2
const CHECKSUM_2K_BYTES = 2048
/** Those that libpmemblk 1.12.1 knows: a header of one part alone, the sum of its first half, a count of unsafe shutdowns. */
const KNOWN_FEATURES = 1 | FEATURE_CHECKSUM_2K | 4

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

/** Whether the first 4096 bytes of a pool carry their checksum. */
export function hasPoolChecksum(bytes: Uint8Array): boolean {
  const header = bytes.slice(0, HEADER_BYTES)
  const view = new DataView(header.buffer)
  const stored = view.getBigUint64(AT.checksum, true)
  if ((view.getUint32(AT.incompatible, true) & FEATURE_CHECKSUM_2K) !== 0) header.fill(0, CHECKSUM_2K_BYTES)
  return fletcher64(header, AT.checksum) === stored
}

/** Whether libpmemblk knows what the header says that one has to know; it opens no other pool. */
export function hasKnownPoolFormat(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (
    view.getUint32(AT.major, true) === 1 && (view.getUint32(AT.incompatible, true) & ~KNOWN_FEATURES) === 0
  )
}
