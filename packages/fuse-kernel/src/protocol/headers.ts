/** `struct fuse_in_header`: offsets from the start of the request. */
export const IN_HEADER = {
  /** u32: bytes of the whole request. */
  length: 0,
  /** u32 */
  opcode: 4,
  /** u64: names the request; its reply repeats it. */
  unique: 8,
  /** u64: the inode that it is about. */
  nodeId: 16,
  // u32 uid at 24, u32 gid at 28: not needed
  /** u32: the thread that asks, or 0. */
  pid: 32,
  // u16 length of extensions at 36, u16 padding: not needed
  size: 40,
} as const

/** `struct fuse_out_header`: offsets from the start of the reply. */
export const OUT_HEADER = {
  /** u32: bytes of the whole reply. */
  length: 0,
  /** i32: 0, or a negative errno and then nothing follows the header. */
  error: 4,
  /** u64: that of the request. */
  unique: 8,
  size: 16,
} as const
