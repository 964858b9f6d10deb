import type { Sleepable } from '@bttkit/interfaces'

/** What is still to be driven of an operation; nothing where it was over when its call returned. */
type Remaining = Sleepable<void> | void

/**
 * A file of fixed size, as a disk is. Only `name`, `size` and `read` are needed.
 *
 * An operation is over when its call returns nothing; otherwise what it returns is driven to its end. A file that is served by a thread which may block does
 * best to do all in the call.
 *
 * Ranges are bytes, any of them, and always inside `[0, size)`; an empty one never arrives. A buffer belongs to the
 * callee until the operation is over, and not a moment longer. Operations of one file may overlap in time where they
 * are driven asynchronously or by several threads; each has to be right beside the others.
 *
 * Errors: an object with a string `errno` ('EIO', 'EROFS', 'ENOSPC', …) is answered with that; anything else with EIO,
 * and reported. ENOSYS becomes EOPNOTSUPP: the kernel would never ask again, for any file.
 */
export interface FuseFile {
  /** Without a slash, at most 255 bytes of UTF-8, unique in its file system. */
  readonly name: string
  /** Bytes. Never changes. */
  readonly size: number
  /** Also assumed where `write` is absent. Default: false. */
  readonly readOnly?: boolean
  /** Permission bits. Default: 0o600, or 0o400 where the file cannot be written. */
  readonly mode?: number
  /** Fills `target` from `offset` on. May sleep. */
  read(offset: number, target: Uint8Array): Remaining
  /** Writes `source` from `offset` on. As durable when it is over as write(2) is to be. May sleep. Default: the file is read-only. */
  write?(offset: number, source: Uint8Array): Remaining
  /** Makes a range read as zeros, for fallocate(2) and the discards of a loop device. May sleep. Default: EOPNOTSUPP, and callers write zeros. */
  zero?(offset: number, length: number): Remaining
  /** Makes everything written durable, for fsync(2). May sleep. Default: nothing is left to do. */
  sync?(): Remaining
}
