import { getU32, setU16, setU32 } from './host-words.ts'
import { IN_HEADER } from './headers.ts'
import { MAX_TRANSFER_BYTES } from './limits.ts'

/** `struct fuse_init_in`: offsets from the start of the request. Later kernels send more than is needed here. */
export const INIT_IN = {
  /** u32 */
  major: IN_HEADER.size,
  /** u32 */
  minor: IN_HEADER.size + 4,
  /** u32, bytes */
  maxReadahead: IN_HEADER.size + 8,
  /** u32: what the kernel can do. */
  flags: IN_HEADER.size + 12,
  end: IN_HEADER.size + 16,
} as const

/** `struct fuse_init_out` since 7.23: offsets from the start of the reply's body. */
const INIT_OUT = {
  /** u32 */
  major: 0,
  /** u32 */
  minor: 4,
  /** u32, bytes */
  maxReadahead: 8,
  /** u32: what of `INIT_IN.flags` is wanted. */
  flags: 12,
  /** u16: how many background requests (readahead, asynchronous direct I/O) may be waiting. */
  maxBackground: 16,
  /** u16: from how many on the kernel calls the mount congested. */
  congestionThreshold: 18,
  /** u32, bytes of data in one WRITE */
  maxWrite: 20,
  /** u32, nanoseconds: how finely time stamps are kept. */
  timeGranularity: 24,
  /** u16, pages of data in one request */
  maxPages: 28,
  // u16 map alignment at 30, u32 flags2 at 32, 28 bytes unused: zero
  size: 64,
} as const

/** Several reads of one file at a time. */
const ASYNC_READ = 1 << 0
/** WRITE of more than a page. */
const BIG_WRITES = 1 << 5
/** O_DIRECT transfers in several requests at a time. */
const ASYNC_DIO = 1 << 15
/** LOOKUP and READDIR of one directory at a time. */
const PARALLEL_DIROPS = 1 << 18
/** `maxPages` counts. */
const MAX_PAGES = 1 << 22

/*
 * Flags that are left out on purpose:
 * - WRITEBACK_CACHE (1 << 16): without it the kernel writes through its page cache, so that every write(2) has been
 *   answered by us before it returns. This is what makes a durable `write` of the file a durable write(2).
 * - AUTO_INVAL_DATA (1 << 12): drops the page cache whenever a file's mtime changes. It is meant for files that change
 *   behind the kernel's back; here every write would throw away the pages it had just filled.
 * - ATOMIC_O_TRUNC (1 << 3): makes the kernel believe that an open with O_TRUNC left an empty file. Without it a
 *   SETATTR comes instead, and its reply says that the size is what it was.
 */
const WANTED_FLAGS = ASYNC_READ | BIG_WRITES | ASYNC_DIO | PARALLEL_DIROPS | MAX_PAGES

const MAJOR = 7
const MINOR = 38
/** Since 7.23 (Linux 3.15) the reply has its present size, and no other reply has changed. */
const OLDEST_MINOR = 23
/** The kernel's own page size does not matter here: 4096 is the smallest that there is. */
const SMALLEST_PAGE_BYTES = 4096
const MAX_BACKGROUND = 64
const MILLISECOND_NS = 1_000_000

/** Whether this version of the protocol can be spoken. A newer major version can: the kernel then asks again with ours. */
export function speaksVersion(view: DataView): boolean {
  const major = getU32(view, INIT_IN.major)
  return major > MAJOR || (major === MAJOR && getU32(view, INIT_IN.minor) >= OLDEST_MINOR)
}

/** Writes the reply to the INIT in `view` at `body`; returns its length. */
export function writeInitOut(view: DataView, body: number): number {
  const flags = getU32(view, INIT_IN.flags) & WANTED_FLAGS
  const kernelMinor = getU32(view, INIT_IN.minor)
  const sameMajor = getU32(view, INIT_IN.major) === MAJOR
  for (let at = 0; at < INIT_OUT.size; at += 4) setU32(view, body + at, 0)
  setU32(view, body + INIT_OUT.major, MAJOR)
  setU32(view, body + INIT_OUT.minor, sameMajor ? Math.min(MINOR, kernelMinor) : MINOR)
  setU32(view, body + INIT_OUT.maxReadahead, getU32(view, INIT_IN.maxReadahead))
  setU32(view, body + INIT_OUT.flags, flags)
  setU16(view, body + INIT_OUT.maxBackground, MAX_BACKGROUND)
  setU16(view, body + INIT_OUT.congestionThreshold, (MAX_BACKGROUND * 3) / 4)
  setU32(view, body + INIT_OUT.maxWrite, MAX_TRANSFER_BYTES)
  setU32(view, body + INIT_OUT.timeGranularity, MILLISECOND_NS)
  setU16(view, body + INIT_OUT.maxPages, MAX_TRANSFER_BYTES / SMALLEST_PAGE_BYTES)
  return INIT_OUT.size
}
