import { setU64 } from './host-words.ts'
import { IN_HEADER } from './headers.ts'

/** `struct fuse_fallocate_in`: offsets from the start of the request. */
export const FALLOCATE_IN = {
  /** u64 */
  handle: IN_HEADER.size,
  /** u64, bytes */
  offset: IN_HEADER.size + 8,
  /** u64, bytes */
  length: IN_HEADER.size + 16,
  /** u32, of `FALLOCATE_MODE` */
  mode: IN_HEADER.size + 24,
  // u32 padding at +28
  end: IN_HEADER.size + 32,
} as const

/** The modes of fallocate(2). */
export const FALLOCATE_MODE = { keepSize: 0x01, punchHole: 0x02, zeroRange: 0x10 } as const

/** `struct fuse_lseek_in`: offsets from the start of the request. */
export const LSEEK_IN = {
  /** u64 */
  handle: IN_HEADER.size,
  /** u64, bytes */
  offset: IN_HEADER.size + 8,
  /** u32, of `SEEK`; the kernel answers the others itself */
  whence: IN_HEADER.size + 16,
  // u32 padding at +20
  end: IN_HEADER.size + 24,
} as const

export const SEEK = { data: 3, hole: 4 } as const

const LSEEK_OUT_BYTES = 8

/** Writes `struct fuse_lseek_out` (u64 offset in bytes) at `body`; returns its length. */
export function writeLseekOut(view: DataView, body: number, offset: number): number {
  setU64(view, body, offset)
  return LSEEK_OUT_BYTES
}
