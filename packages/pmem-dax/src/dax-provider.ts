import { closeSync } from 'node:fs'
import { ImageLock, findDataRanges } from '@bttkit/image-file'
import {
  ClosedError,
  checkPiece,
  checkRange,
  ReadOnlyError,
  type ByteRange,
  type LockMode,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
  type WriteSegment,
} from '@bttkit/interfaces'
import { checkCreation, openOrCreateImage } from './create-image.ts'
import { capabilitiesOf } from './dax-capabilities.ts'
import { daxHandleOf, daxShare, openSharedImage } from './dax-share.ts'
import { DirtyRanges } from './dirty-ranges.ts'
import type { FileMapping } from './file-mapping.ts'
import { mapImage, type MappedImage } from './mapped-image.ts'
import { openImage } from './open-image.ts'
import { judgeMedium, type Persistence } from './persistence.ts'
import type { Persister } from './persister.ts'
import { requireNative } from './require-native.ts'
import { SizeWatch } from './size-watch.ts'

export interface DaxProviderOptions {
  /** Default: false, reading and writing. */
  readonly readOnly?: boolean
  /**
   * Makes the file, of this many bytes and with all of its blocks, where there is none. One that exists already is used as it is if it has this size,
   * and refused (EEXIST) otherwise. Not together with `readOnly`.
   */
  readonly createSizeBytes?: number
  /** How stores are made durable. Default: by libpmem where it is there and the file is on persistent memory, else by msync. */
  readonly persist?: Persistence
}

/** Of the processors that have persistent memory, and what `sameLineOrdered` is about. */
const LINE_BYTES = 64

/**
 * A file, block device or DAX device that is mapped into memory, on DAX or through the page cache. Needs 64-bit Linux and koffi.
 *
 * ```ts
 * const provider = DaxProvider.open('/mnt/pmem/disk.img')
 * ```
 *
 * No call ever waits. A write is durable after a `flush`, or a `persist` of its range, that is called later; `writeThrough` is durable when it returns.
 *
 * The file has the size that it had at the opening. Growth is not seen. A file that is cut while it is mapped is refused (`ProviderIoError`) where that is
 * noticed in time; else, and where a hole is stored into on a full file system, the process is ended by SIGBUS: nothing in it can catch that. So lock
 * the file, and give it its blocks.
 */
export class DaxProvider implements PmemProvider {
  readonly name: string
  /** Bytes, as found at the opening. */
  readonly size: number
  readonly capabilities: ProviderCapabilities
  readonly readOnly: boolean
  /** How stores are made durable. */
  readonly persistence: Persistence
  /**
   * The bytes of an image up to 2 GiB that is open for writing. Only `persist` makes durable what was stored here. Empty after `close`. Not there on
   * Node 20, which cannot empty it: to touch it then would end the process.
   */
  readonly mapping?: Uint8Array
  /** As the file system tells, of files only. */
  readonly dataRanges?: (offset: number, length: number) => readonly ByteRange[]
  private readonly mapped: MappedImage
  private readonly bytes: FileMapping
  private readonly persister: Persister
  private readonly dirty = new DirtyRanges()
  private readonly sizeWatch: SizeWatch
  /** None of a file that was joined. */
  private readonly imageLock: ImageLock | undefined
  /** Whether other threads store to the file as well; a flush is for their stores, too: a thread that died flushes nothing any more. */
  private isShared: boolean
  private failure: unknown

  /**
   * Opens and maps a file or device. Takes no lock.
   *
   * @throws {ProviderOpenError} with the errno: ENOENT, EACCES, EINVAL for an empty file, ENODEV for what cannot be mapped, EIO for a block device with
   * bad blocks, ENOMEM; ENOSYS where files cannot be mapped; EOPNOTSUPP for a method of persisting that would make nothing durable.
   */
  static open(path: string, options: DaxProviderOptions = {}): DaxProvider {
    const { readOnly = false, createSizeBytes, persist } = options
    if (createSizeBytes !== undefined) checkCreation(createSizeBytes, readOnly)
    const native = requireNative(path)
    const image =
      createSizeBytes === undefined
        ? openImage(path, { readOnly, native })
        : openOrCreateImage(path, createSizeBytes, native)
    const mapped = mapImage(image, readOnly, native, (synchronous) =>
      judgeMedium(image, synchronous, persist),
    )
    return new DaxProvider(mapped, new ImageLock(image.fd, path, { native }))
  }

  /**
   * Maps the very file that another thread of this process shares, in the same mode, also when it was renamed or removed meanwhile. It has no lock:
   * that is the other thread's.
   *
   * @throws {ProviderOpenError} where the other thread has closed it. @throws {TypeError} for a share that is not of a mapped file.
   */
  static join(share: ProviderShare): DaxProvider {
    const handle = daxHandleOf(share)
    const native = requireNative(handle.path)
    const image = openSharedImage(handle, native)
    return new DaxProvider(
      mapImage(image, handle.readOnly, native, () => handle.medium),
      undefined,
    )
  }

  private constructor(mapped: MappedImage, lock: ImageLock | undefined) {
    const { image, readOnly, native, mapping, medium, persister } = mapped
    this.isShared = lock === undefined
    this.name = image.path
    this.size = image.size
    this.readOnly = readOnly
    this.persistence = medium.persistence
    this.capabilities = capabilitiesOf(medium)
    this.mapped = mapped
    this.bytes = mapping
    this.persister = persister
    this.sizeWatch = new SizeWatch(image, native)
    this.imageLock = lock
    // A store into pages that are mapped for reading would end the process.
    if (!readOnly && mapping.only !== undefined) this.mapping = mapping.only
    if (image.kind === 'file') {
      this.dataRanges = (offset, length) => {
        this.checkRange(offset, length)
        return findDataRanges((what, from) => native.findInFile(image.fd, what, from), offset, length)
      }
    }
  }

  /** @throws {OutOfRangeError} beyond the size. @throws {ClosedError} after `close`. @throws {ProviderIoError} where the file was cut. */
  read(offset: number, target: Uint8Array): undefined {
    this.readInto(offset, target, 0, target.byteLength)
  }

  /** As `read`; besides, `TypeError` where the piece is not within `target`. */
  readInto(offset: number, target: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, target, start, length)
    this.bytes.load(offset, target, start, length)
  }

  /** Not durable until a flush. @throws {ReadOnlyError}; the failure of an earlier flush; and as `read`. */
  write(offset: number, source: Uint8Array): undefined {
    this.writeFrom(offset, source, 0, source.byteLength)
  }

  /** As `write`; besides, `TypeError` where the piece is not within `source`. */
  writeFrom(offset: number, source: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, source, start, length)
    this.checkWritable(offset)
    this.bytes.store(offset, source, start, length)
    this.keepForFlush(offset, length)
  }

  /** As `writeFrom`, and durable when it returns. Throws as `writeFrom` and `flush` do. */
  writeThrough(offset: number, source: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, source, start, length)
    this.checkWritable(offset)
    this.persistLinesBefore(offset, length)
    try {
      this.persister.storeThrough(offset, source, start, length)
    } catch (error) {
      this.fail(error)
    }
    this.dirty.remove(offset, offset + length)
  }

  /** As `write` for each segment; by libpmem they are durable when it returns. Stores none where one is refused. Throws as `write` does. */
  writeMany(segments: readonly WriteSegment[]): undefined {
    for (const { offset, source } of segments) {
      this.checkRange(offset, source.byteLength)
      this.checkWritable(offset)
    }
    if (this.persister.storeManyThrough === undefined) {
      for (const { offset, source } of segments) this.write(offset, source)
      return
    }
    for (const { offset, source } of segments) this.persistLinesBefore(offset, source.byteLength)
    this.persister.storeManyThrough(segments)
    for (const { offset, source } of segments) this.dirty.remove(offset, offset + source.byteLength)
  }

  /** Fills a range with zeros. Throws as `write` does. */
  zero(offset: number, length: number): undefined {
    this.checkRange(offset, length)
    this.checkWritable(offset)
    this.bytes.fillZeros(offset, length)
    this.keepForFlush(offset, length)
  }

  /**
   * Makes all writes and zeroed ranges durable; those of other threads too, where the file was shared or joined.
   *
   * @throws {ProviderIoError}; after a failure this, and every write, fails for ever.
   */
  flush(): undefined {
    this.checkOpen()
    this.checkHealthy()
    this.sizeWatch.look()
    const { dirty } = this
    if (this.isShared && !this.readOnly) this.persistOrFail(0, this.size)
    else dirty.forEach((from, to) => this.persistOrFail(from, to - from))
    dirty.clear()
  }

  /** Makes a range durable, also what was stored through `mapping`. Throws as `flush` does. */
  persist(offset: number, length: number): undefined {
    this.checkRange(offset, length)
    this.checkHealthy()
    if (this.readOnly || length === 0) return
    this.persistOrFail(offset, length)
    this.dirty.remove(offset, offset + length)
  }

  /** Makes what was written to several ranges through this provider durable, with one wait for all. Throws as `flush` does. */
  persistMany(ranges: readonly ByteRange[]): undefined {
    for (const { offset, length } of ranges) this.checkRange(offset, length)
    this.checkHealthy()
    const { dirty } = this
    const unclean = ranges.filter(({ offset, length }) => dirty.meets(offset, offset + length))
    if (unclean.length === 0) return
    try {
      this.persister.persistMany(unclean)
    } catch (error) {
      this.fail(error)
    }
    for (const { offset, length } of unclean) dirty.remove(offset, offset + length)
  }

  /**
   * Locks the file among those who lock it, by flock(2). A second opening in this process conflicts as well.
   *
   * @throws {ImageLockedError} @throws {ProviderIoError} where the file was cut since it was opened. @throws {TypeError} for a file that was joined.
   */
  lock(mode: LockMode): undefined {
    this.checkOpen()
    if (this.imageLock === undefined) {
      throw new TypeError(`${this.name}: joined from another thread, and the lock is that one's`)
    }
    this.imageLock.take(mode)
    this.sizeWatch.look()
  }

  /** For `join` on other threads; of use while this provider is open. @throws {ProviderIoError} where the file was cut. */
  share(): ProviderShare {
    this.checkOpen()
    this.sizeWatch.look()
    this.isShared = true
    return daxShare(this.mapped)
  }

  /** Unmaps the file and gives up its lock. */
  close(): undefined {
    if (!this.bytes.isOpen) return
    // The property goes too, so that nobody comes by the pages that are gone.
    delete (this as { mapping?: Uint8Array }).mapping
    try {
      this.bytes.unmap()
    } finally {
      closeSync(this.mapped.image.fd)
    }
  }

  private keepForFlush(offset: number, length: number): void {
    if (this.persister.skipsClean) this.dirty.add(offset, offset + length)
    else if (!this.dirty.tryAdd(offset, offset + length)) this.persistOrFail(offset, length)
  }

  /** What is about to be stored in any order would overtake earlier stores to the lines at its ends. */
  private persistLinesBefore(offset: number, length: number): void {
    if (!this.capabilities.sameLineOrdered) return
    const from = offset - (offset % LINE_BYTES)
    const to = Math.min(this.size, Math.ceil((offset + length) / LINE_BYTES) * LINE_BYTES)
    if (this.dirty.meets(from, to)) this.persistOrFail(from, to - from)
  }

  private persistOrFail(offset: number, length: number): void {
    try {
      this.persister.persist(offset, length)
    } catch (error) {
      this.fail(error)
    }
  }

  /** After a failure the kernel takes the pages for clean, so that a second try would lie. */
  private fail(error: unknown): never {
    this.failure = error
    throw error
  }

  private checkPiece(offset: number, piece: Uint8Array, start: number, length: number): void {
    this.checkRange(offset, length)
    checkPiece(piece, start, length)
  }

  private checkRange(offset: number, length: number): void {
    this.checkOpen()
    checkRange(this, offset, length)
  }

  private checkWritable(offset: number): void {
    if (this.readOnly)
      throw new ReadOnlyError({ image: this.name, offset }, 'the file is open for reading only')
    this.checkHealthy()
  }

  private checkHealthy(): void {
    if (this.failure !== undefined) throw this.failure
  }

  private checkOpen(): void {
    if (!this.bytes.isOpen) throw new ClosedError({ image: this.name }, 'the file was closed')
    this.sizeWatch.lookSometimes()
  }
}
