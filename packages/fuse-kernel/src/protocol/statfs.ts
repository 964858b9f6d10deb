import { setU32, setU64 } from './host-words.ts'

/** `struct fuse_kstatfs`: offsets from the start of the reply's body. */
const STATFS_OUT = {
  /** u64, of `frsize` bytes */
  blocks: 0,
  // u64 free blocks at 8, u64 free for ordinary users at 16: none
  /** u64: inodes */
  files: 24,
  // u64 free inodes at 32: none
  /** u32, bytes */
  bsize: 40,
  /** u32: bytes in a name at most */
  namelen: 44,
  /** u32, bytes: the unit of `blocks` */
  frsize: 48,
  // 28 bytes padding and spare
  size: 80,
} as const

const BLOCK_BYTES = 4096
const NAME_BYTES = 255

/** Writes the reply to STATFS at `body`: a file system that is full, of this size. Returns its length. */
export function writeStatfsOut(view: DataView, body: number, totalBytes: number, inodes: number): number {
  for (let at = 0; at < STATFS_OUT.size; at += 4) setU32(view, body + at, 0)
  setU64(view, body + STATFS_OUT.blocks, Math.ceil(totalBytes / BLOCK_BYTES))
  setU64(view, body + STATFS_OUT.files, inodes)
  setU32(view, body + STATFS_OUT.bsize, BLOCK_BYTES)
  setU32(view, body + STATFS_OUT.namelen, NAME_BYTES)
  setU32(view, body + STATFS_OUT.frsize, BLOCK_BYTES)
  return STATFS_OUT.size
}
