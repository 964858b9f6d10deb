import type { Sleepable } from './wait.ts'

/** The shape of a block device. Sizes are bytes. */
export interface BlockGeometry {
  readonly sectorSize: number
  readonly sectorCount: number
  /** Bytes that travel with each sector and are no part of it (T10-PI or another payload); 0 for none. */
  readonly metadataSize: number
  readonly readOnly: boolean
}

/**
 * The operations of a block device, in the form that suits each way of waiting: `Returns` is `Sleepable<void>`,
 * `Promise<void>` or `void`.
 *
 * LBAs count sectors from 0. A transfer is a whole number of sectors. Every sector is written as a unit: whatever
 * happens, it reads as its old or its new content. Several sectors are several units.
 *
 * A change is durable when it is over; on a device of the durability mode `flush`, when a flush is over that began after it.
 *
 * Errors: `OutOfRangeError` (EINVAL) beyond the device, `MisalignedRequestError` (EINVAL) for broken sectors,
 * `ReadOnlyError` (EROFS), `SectorErrorError` and `MapEntryError` (EIO) for a sector that cannot be read,
 * `ArenaErrorStateError` (EIO) for writes after a failure, `CommitFailedError` in the durability mode `flush`, `ClosedError` (EBADF), and the provider's own.
 */
export interface BlockOperations<Returns> {
  /** Fills `target` with the sectors from `lba` on, and `metadata` with their metadata where it is given. */
  read(lba: number, target: Uint8Array, metadata?: Uint8Array): Returns
  /** Writes the sectors from `lba` on; without `metadata`, theirs becomes zeros. */
  write(lba: number, source: Uint8Array, metadata?: Uint8Array): Returns
  /** Makes `count` sectors read as zeros. */
  zero(lba: number, count: number): Returns
  /** Makes everything that was acknowledged durable. */
  flush(): Returns
  /** Fills `target` from any byte on. */
  readBytes(offset: number, target: Uint8Array): Returns
  /** Writes from any byte on: whole sectors as `write`, parts by an atomic read-modify-write that keeps their metadata. */
  writeBytes(offset: number, source: Uint8Array): Returns
  /** Zeroes any byte range: whole sectors as `zero`, parts by an atomic read-modify-write. */
  zeroBytes(offset: number, length: number): Returns
  /** Waits for what is under way, flushes, and gives up the storage. Later calls fail with `ClosedError`. */
  close(): Returns
}

/**
 * A block device. Its own methods are the asynchronous form; `atomic` never waits (`WouldSleepError` instead);
 * `blocking` waits on the calling thread; `sleepable` gives the bare operations to a driver of one's own.
 *
 * A thread drives a device either blocking or asynchronously: a blocked thread could never run the task it waits
 * for. The first use decides, and the other is refused with `MixedDriversError`. `atomic` goes with both.
 */
export interface BlockDevice extends BlockGeometry, BlockOperations<Promise<void>> {
  readonly atomic: BlockOperations<void>
  readonly blocking: BlockOperations<void>
  readonly sleepable: BlockOperations<Sleepable<void>>
}
