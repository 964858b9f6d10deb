import { copyU64, setU32, setU64 } from './host-words.ts'
import { IN_HEADER } from './headers.ts'

/** What stat(2) shows of an inode. */
export interface NodeAttributes {
  readonly nodeId: number
  readonly sizeBytes: number
  /** File type and permission bits. */
  readonly mode: number
  readonly linkCount: number
  readonly uid: number
  readonly gid: number
  readonly mtimeMs: number
}

/** `struct fuse_attr`: offsets from its own start. */
const ATTR = {
  /** u64 */
  ino: 0,
  /** u64, bytes */
  size: 8,
  /** u64, of 512 bytes each whatever `blksize` says */
  blocks: 16,
  /** u64, seconds */
  atime: 24,
  /** u64, seconds */
  mtime: 32,
  /** u64, seconds */
  ctime: 40,
  /** u32, nanoseconds */
  atimeNs: 48,
  /** u32, nanoseconds */
  mtimeNs: 52,
  /** u32, nanoseconds */
  ctimeNs: 56,
  /** u32 */
  mode: 60,
  /** u32 */
  nlink: 64,
  /** u32 */
  uid: 68,
  /** u32 */
  gid: 72,
  // u32 rdev at 76
  rdev: 76,
  /** u32, bytes */
  blksize: 80,
  /** u32 */
  flags: 84,
  bytes: 88,
} as const

/** `struct fuse_attr_out`: offsets from the start of the reply's body. */
const ATTR_OUT = {
  /** u64, seconds that the attributes may be cached */
  valid: 0,
  // u32 nanoseconds of it at 8, u32 padding at 12
  validNs: 8,
  padding: 12,
  /** `struct fuse_attr` */
  attr: 16,
} as const

/** `struct fuse_entry_out`: offsets from the start of the reply's body. */
const ENTRY_OUT = {
  /** u64 */
  nodeId: 0,
  /** u64: tells apart inodes that had one number one after another; ours never change. */
  generation: 8,
  /** u64, seconds that the name may be cached */
  entryValid: 16,
  /** u64, seconds that the attributes may be cached */
  attrValid: 24,
  // two u32, nanoseconds of these
  validNs: 32,
  attrValidNs: 36,
  /** `struct fuse_attr` */
  attr: 40,
} as const

/** `struct fuse_setattr_in`: offsets from the start of the request. */
export const SETATTR_IN = {
  /** u32, of `SETATTR_VALID`: which of the others count. */
  valid: IN_HEADER.size,
  // u32 padding at +4, u64 handle at +8
  /** u64, bytes */
  size: IN_HEADER.size + 16,
  // u64 lock owner at +24, u64 atime at +32
  /** i64, seconds */
  mtime: IN_HEADER.size + 40,
  // u64 ctime at +48, u32 atime nanoseconds at +56
  /** u32, nanoseconds */
  mtimeNs: IN_HEADER.size + 60,
  // u32 ctime nanoseconds at +64
  /** u32 */
  mode: IN_HEADER.size + 68,
  // u32 unused at +72
  /** u32 */
  uid: IN_HEADER.size + 76,
  /** u32 */
  gid: IN_HEADER.size + 80,
  // u32 unused at +84
  end: IN_HEADER.size + 88,
} as const

export const SETATTR_VALID = {
  mode: 1 << 0,
  uid: 1 << 1,
  gid: 1 << 2,
  size: 1 << 3,
  mtime: 1 << 5,
  mtimeNow: 1 << 8,
} as const

/**
 * Sizes and names never change, and the kernel forgets a file's attributes by itself when it writes to it. So it may
 * keep them for as long as it likes.
 */
const CACHE_SECONDS = 86_400

const PREFERRED_TRANSFER_BYTES = 4096
const STAT_BLOCK_BYTES = 512

function writeAttr(view: DataView, at: number, attributes: NodeAttributes): void {
  const seconds = Math.floor(attributes.mtimeMs / 1000)
  const nanoseconds = Math.floor(attributes.mtimeMs - seconds * 1000) * 1_000_000
  setU64(view, at + ATTR.ino, attributes.nodeId)
  setU64(view, at + ATTR.size, attributes.sizeBytes)
  setU64(view, at + ATTR.blocks, Math.ceil(attributes.sizeBytes / STAT_BLOCK_BYTES))
  setU64(view, at + ATTR.mtime, seconds)
  copyU64(view, at + ATTR.atime, at + ATTR.mtime)
  copyU64(view, at + ATTR.ctime, at + ATTR.mtime)
  setU32(view, at + ATTR.atimeNs, nanoseconds)
  setU32(view, at + ATTR.mtimeNs, nanoseconds)
  setU32(view, at + ATTR.ctimeNs, nanoseconds)
  setU32(view, at + ATTR.mode, attributes.mode)
  setU32(view, at + ATTR.nlink, attributes.linkCount)
  setU32(view, at + ATTR.uid, attributes.uid)
  setU32(view, at + ATTR.gid, attributes.gid)
  setU32(view, at + ATTR.rdev, 0)
  setU32(view, at + ATTR.blksize, PREFERRED_TRANSFER_BYTES)
  setU32(view, at + ATTR.flags, 0)
}

/** Writes `struct fuse_attr_out` at `body`; returns its length. */
export function writeAttrOut(view: DataView, body: number, attributes: NodeAttributes): number {
  setU64(view, body + ATTR_OUT.valid, CACHE_SECONDS)
  setU32(view, body + ATTR_OUT.validNs, 0)
  setU32(view, body + ATTR_OUT.padding, 0)
  writeAttr(view, body + ATTR_OUT.attr, attributes)
  return ATTR_OUT.attr + ATTR.bytes
}

/** Writes `struct fuse_entry_out` at `body`; returns its length. */
export function writeEntryOut(view: DataView, body: number, attributes: NodeAttributes): number {
  setU64(view, body + ENTRY_OUT.nodeId, attributes.nodeId)
  setU64(view, body + ENTRY_OUT.generation, 0)
  setU64(view, body + ENTRY_OUT.entryValid, CACHE_SECONDS)
  setU64(view, body + ENTRY_OUT.attrValid, CACHE_SECONDS)
  setU32(view, body + ENTRY_OUT.validNs, 0)
  setU32(view, body + ENTRY_OUT.attrValidNs, 0)
  writeAttr(view, body + ENTRY_OUT.attr, attributes)
  return ENTRY_OUT.attr + ATTR.bytes
}
