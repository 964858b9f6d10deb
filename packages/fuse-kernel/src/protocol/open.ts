import { getU32, setU32 } from './host-words.ts'
import { IN_HEADER } from './headers.ts'

/** `struct fuse_open_in` of OPEN and OPENDIR: offsets from the start of the request. */
export const OPEN_IN = {
  /** u32: the flags of open(2), without O_CREAT and O_EXCL. */
  flags: IN_HEADER.size,
  // u32 flags of the protocol at +4: about set-user-id bits, which no file here has
  end: IN_HEADER.size + 8,
} as const

/** `struct fuse_open_out`: offsets from the start of the reply's body. */
const OPEN_OUT = {
  /** u64: comes back with every request on the open file. */
  handle: 0,
  /** u32, of `FOPEN` */
  flags: 8,
  // u32 padding at 12
  padding: 12,
  size: 16,
} as const

/** Flags of the reply to OPEN. */
export const FOPEN = {
  /** No page cache: requests are exactly what the program asked for. */
  directIo: 1 << 0,
  /** Several direct writes to one file at a time (since 7.38; older kernels ignore it). */
  parallelDirectWrites: 1 << 6,
} as const

/** The handle that RELEASE, RELEASEDIR, FLUSH and FSYNC begin with; shared by all requests on an open file. */
export const HANDLE_IN = {
  /** u64 */
  handle: IN_HEADER.size,
  /** The shortest of these requests: FSYNC, `struct fuse_fsync_in`. FLUSH and RELEASE are 24 bytes long. */
  end: IN_HEADER.size + 16,
} as const

/**
 * A handle says by itself which file it opened and how, so that there is no table to fill up or to leak, and any thread
 * that serves the same mount can tell what it means: u32 inode number, then u32 access.
 */
export const ACCESS = { read: 1, write: 2, directory: 4 } as const

export function handleNode(view: DataView, offset: number): number {
  return getU32(view, offset)
}

export function handleAccess(view: DataView, offset: number): number {
  return getU32(view, offset + 4)
}

/** Writes the reply to OPEN or OPENDIR at `body`; returns its length. */
export function writeOpenOut(
  view: DataView,
  body: number,
  nodeId: number,
  access: number,
  flags: number,
): number {
  setU32(view, body + OPEN_OUT.handle, nodeId)
  setU32(view, body + OPEN_OUT.handle + 4, access)
  setU32(view, body + OPEN_OUT.flags, flags)
  setU32(view, body + OPEN_OUT.padding, 0)
  return OPEN_OUT.size
}
