import type { ProviderCapabilities } from './provider-capabilities.ts'
import type { MaybeSleep } from './wait.ts'

/** How an image is locked: any number of readers, or one writer. */
export type LockMode = 'shared' | 'exclusive'

/** A part of the storage. Both are bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** What a call on the storage is for. `flog half 0` is the LBA and the old block, `flog half 1` the new block and the sequence number. */
export type CallStage =
  | 'info'
  | 'map'
  | 'data'
  | 'metadata'
  | 'flog'
  | 'flog half 0'
  | 'flog half 1'
  /** Zeros over a free block whose medium is bad. */
  | 'clear'

/** One piece of a `writeMany`. */
export interface WriteSegment {
  readonly offset: number
  readonly source: Uint8Array
}

/**
 * Byte-addressed storage under a BTT: memory, a file, a mapped DAX device, something remote.
 *
 * Offsets and lengths are bytes, whole numbers from 0 to `size`, below 2^53. Each method returns `undefined`
 * when it finished at once and a `Wait` when it did not; a provider whose `capabilities.mayWait` is false never
 * returns one. Failures are thrown, or reject the wait: `OutOfRangeError` for a range beyond `size`, `BadBlockError`
 * where the storage has lost what was to be read, `ProviderIoError` for everything else that it reports.
 *
 * `read`, `write`, `flush` and `close` (with `size` and `capabilities`) are required. The others are optional;
 * each says what is done without it.
 */
export interface PmemProvider {
  /** Names the storage in messages: a path or a URL. */
  readonly name: string
  /** Bytes; fixed while the provider is open. */
  readonly size: number
  readonly capabilities: ProviderCapabilities
  /** True when every write is refused with `ReadOnlyError`. */
  readonly readOnly: boolean

  /** Fills the whole of `target` with the bytes from `offset` on. The target is valid when the call, or its wait, is over. */
  read(offset: number, target: Uint8Array): MaybeSleep

  /**
   * Stores the whole of `source` at `offset`. The source must not change until the call, or its wait, is over. Later
   * reads see it from then on; it is durable after a flush that was called later (`capabilities.durableOnWrite`: at once).
   */
  write(offset: number, source: Uint8Array): MaybeSleep

  /** Makes every write that was complete at the call durable. A flush that fails leaves the durability of all of them unknown. */
  flush(): MaybeSleep

  /** Gives up the storage and its lock, without a flush. Later calls fail with `ClosedError`; closing twice is allowed. */
  close(): MaybeSleep

  /** As `read`, into `length` bytes of `target` from `start` on. Default: `read` with a subarray. */
  readInto?(offset: number, target: Uint8Array, start: number, length: number): MaybeSleep

  /** As `write`, from `length` bytes of `source` from `start` on. Default: `write` with a subarray. */
  writeFrom?(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep

  /** The bytes of the storage themselves, where they can be addressed. Default: none; everything goes through the calls. */
  readonly mapping?: Uint8Array

  /** Makes the writes to one range durable. Default: `flush`. */
  persist?(offset: number, length: number): MaybeSleep

  /**
   * As `persist` for several ranges, with one wait for all; it may leave out what was not written through this provider. Ranges may meet, and are in any order. They
   * must not change until the call, or its wait, is over. Default: `persist` where it is one range, else `flush`.
   */
  persistMany?(ranges: readonly ByteRange[]): MaybeSleep

  /**
   * As `writeFrom`, and what it stored is durable when the call, or its wait, is over, whatever became of other writes. When it fails, nobody
   * knows what of those bytes is stored or durable. Default: `writeFrom`, then `persist` of the range.
   */
  writeThrough?(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep

  /** Stores several segments, in any order; not atomic together. Default: one `write` after another. */
  writeMany?(segments: readonly WriteSegment[]): MaybeSleep

  /** Makes a range read as zeros, cheaply where the storage can (a hole); durable after a flush. Default: writes zeros. */
  zero?(offset: number, length: number): MaybeSleep

  /**
   * The ranges of which the storage knows that it has lost them, in order and apart, in whole units of 512 bytes; the last unit is shorter where the
   * storage ends within it. A read that touches one fails with `BadBlockError`, until one write has covered the whole unit; a write of a part of it is stored and leaves it bad. Takes no time.
   * Default: none is known before it is read.
   */
  badBlocks?(): readonly ByteRange[]

  /**
   * The parts of a range that may hold something, in order and apart; what lies between are holes, which read as zeros. Takes little time, and never waits.
   * Default: the whole range.
   */
  dataRanges?(offset: number, length: number): readonly ByteRange[]

  /** Told what the next call of this thread is for, and in which lane, if in one. It changes nothing of what the call does. Default: not told. */
  annotate?(stage: CallStage, lane?: number): void

  /**
   * Takes the lock of the storage, or fails with `ImageLockedError`; held until `close`. One lock an attachment; a
   * second call on one provider changes its mode. Default: no lock (storage that nobody else can open).
   */
  lock?(mode: LockMode): MaybeSleep

  /** What another thread of this process needs to open the same storage, without a lock of its own: see `ProviderPlugin.join`. Default: threads cannot. */
  share?(): ProviderShare
}

/** A message for another thread: which plugin can open the storage, and what that one needs to know. */
export interface ProviderShare {
  readonly scheme: string
  /** Of use to the plugin. Anything that a message can carry. */
  readonly handle: unknown
}
