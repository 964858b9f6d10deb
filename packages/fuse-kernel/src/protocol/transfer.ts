import { setU32 } from './host-words.ts'
import { IN_HEADER } from './headers.ts'

/** `struct fuse_read_in` of READ and READDIR: offsets from the start of the request. */
export const READ_IN = {
  /** u64 */
  handle: IN_HEADER.size,
  /** u64, bytes into the file; for READDIR the place that the last entry named */
  offset: IN_HEADER.size + 8,
  /** u32, bytes wanted at most */
  size: IN_HEADER.size + 16,
  // u32 read flags at +20, u64 lock owner at +24, u32 open flags at +32, u32 padding
  end: IN_HEADER.size + 40,
} as const

/** `struct fuse_write_in`: offsets from the start of the request. */
export const WRITE_IN = {
  /** u64 */
  handle: IN_HEADER.size,
  /** u64, bytes into the file */
  offset: IN_HEADER.size + 8,
  /** u32, bytes of data */
  size: IN_HEADER.size + 16,
  /** u32, of `WRITE_FLAG` */
  flags: IN_HEADER.size + 20,
  // u64 lock owner at +24, u32 open flags at +32, u32 padding
  /** The data, to the end of the request. */
  data: IN_HEADER.size + 40,
} as const

export const WRITE_FLAG = {
  /** The kernel writes back a page that somebody had mapped: no program waits for the answer. */
  cache: 1 << 0,
} as const

const WRITE_OUT_BYTES = 8

/** Writes `struct fuse_write_out` (u32 bytes written, u32 padding) at `body`; returns its length. */
export function writeWriteOut(view: DataView, body: number, writtenBytes: number): number {
  setU32(view, body, writtenBytes)
  setU32(view, body + 4, 0)
  return WRITE_OUT_BYTES
}
