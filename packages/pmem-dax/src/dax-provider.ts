import { closeSync, fstatSync } from 'node:fs'
import {
  ClosedError,
  checkPiece,
  checkRange,
  ProviderIoError,
  ProviderOpenError,
  ReadOnlyError,
  type LockMode,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
} from '@bttkit/interfaces'
import { capabilitiesOf } from './dax-capabilities.ts'
import { daxHandleOf, daxShare, openSharedImage } from './dax-share.ts'
import { DirtyRanges } from './dirty-ranges.ts'
import { FileLock } from './file-lock.ts'
import { FileMapping } from './file-mapping.ts'
import { loadNative, type NativeCalls } from './native.ts'
import { openImage, openOrCreateImage, type OpenImage } from './open-image.ts'
import { choosePersistence, persistOf, type Persist, type Persistence } from './persistence.ts'

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

/** What a provider is made of; it closes the image and the mapping. */
interface Parts {
  readonly image: OpenImage
  readonly mapping: FileMapping
  readonly native: NativeCalls
  readonly readOnly: boolean
  readonly persistence: Persistence
}

/**
 * A file that is mapped into memory, on DAX or through the page cache. Needs 64-bit Linux and koffi.
 *
 * ```ts
 * const provider = DaxProvider.open('/mnt/pmem/disk.img')
 * ```
 *
 * No call ever waits. A write is durable after a `flush`, or a `persist` of its range, that is called later.
 *
 * The file has the size that it had at the opening. Growth is not seen. A file that is cut while it is mapped, and a hole that is stored into on a full
 * file system, end the process with SIGBUS: nothing in it can catch that. So lock the file, and give it its blocks.
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
   * The bytes of a file up to 2 GiB that is open for writing. Only `persist` makes durable what was stored here. Not to be touched after `close`: on
   * Node 20 that ends the process; later ones leave an empty array.
   */
  readonly mapping?: Uint8Array
  private readonly image: OpenImage
  private readonly fileMapping: FileMapping
  private readonly persistRange: Persist
  private readonly dirty = new DirtyRanges()
  /** None of a file that was joined. */
  private readonly fileLock: FileLock | undefined
  /** Whether other threads store to the file as well; a flush is for their stores, too: a thread that died flushes nothing any more. */
  private isShared: boolean
  private failure: unknown

  /**
   * Opens and maps a file. Takes no lock.
   *
   * @throws {ProviderOpenError} with the errno: ENOENT, EACCES, EINVAL for an empty file, ENOMEM; ENOSYS where files cannot be mapped; EOPNOTSUPP for
   * libpmem where it would make nothing durable.
   */
  static open(path: string, options: DaxProviderOptions = {}): DaxProvider {
    const { readOnly = false, createSizeBytes, persist } = options
    if (createSizeBytes !== undefined) {
      if (readOnly) throw new TypeError('a file that is made must be open for writing')
      if (!Number.isSafeInteger(createSizeBytes) || createSizeBytes <= 0) {
        throw new TypeError(`a file cannot be made and mapped with ${createSizeBytes} bytes`)
      }
    }
    const native = nativeFor(path)
    const image =
      createSizeBytes === undefined
        ? openImage(path, readOnly)
        : openOrCreateImage(path, createSizeBytes, native)
    const choose = ({ synchronous }: FileMapping): Persistence =>
      choosePersistence(path, synchronous, persist)
    return DaxProvider.map(image, readOnly, native, choose, new FileLock(image.fd, path, native))
  }

  /**
   * Maps the very file that another thread of this process shares, in the same mode, also when it was renamed or removed meanwhile. It has no lock:
   * that is the other thread's.
   *
   * @throws {ProviderOpenError} where the other thread has closed it. @throws {TypeError} for a share that is not of a mapped file.
   */
  static join(share: ProviderShare): DaxProvider {
    const handle = daxHandleOf(share)
    const native = nativeFor(handle.path)
    const image = openSharedImage(handle)
    return DaxProvider.map(image, handle.readOnly, native, () => handle.persistence, undefined)
  }

  private static map(
    image: OpenImage,
    readOnly: boolean,
    native: NativeCalls,
    choose: (mapping: FileMapping) => Persistence,
    lock: FileLock | undefined,
  ): DaxProvider {
    let mapping: FileMapping | undefined
    try {
      mapping = new FileMapping(image, readOnly, native)
      const persistence = choose(mapping)
      return new DaxProvider({ image, mapping, native, readOnly, persistence }, lock)
    } catch (error) {
      mapping?.unmap()
      closeSync(image.fd)
      throw error
    }
  }

  private constructor({ image, mapping, native, readOnly, persistence }: Parts, lock: FileLock | undefined) {
    this.isShared = lock === undefined
    this.name = image.path
    this.size = image.size
    this.readOnly = readOnly
    this.persistence = persistence
    this.capabilities = capabilitiesOf(persistence, mapping.synchronous)
    this.image = image
    this.fileMapping = mapping
    this.persistRange = persistOf(persistence, image.path, mapping, native)
    this.fileLock = lock
    // A store into pages that are mapped for reading would end the process.
    if (!readOnly && mapping.only !== undefined) this.mapping = mapping.only
  }

  /** @throws {OutOfRangeError} beyond the size. @throws {ClosedError} after `close`. */
  read(offset: number, target: Uint8Array): undefined {
    this.readInto(offset, target, 0, target.byteLength)
  }

  /** As `read`; besides, `TypeError` where the piece is not within `target`. */
  readInto(offset: number, target: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, target, start, length)
    this.fileMapping.load(offset, target, start, length)
  }

  /** Not durable until a flush. @throws {ReadOnlyError}; the failure of an earlier flush; and as `read`. */
  write(offset: number, source: Uint8Array): undefined {
    this.writeFrom(offset, source, 0, source.byteLength)
  }

  /** As `write`; besides, `TypeError` where the piece is not within `source`. */
  writeFrom(offset: number, source: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, source, start, length)
    this.checkWritable(offset)
    this.fileMapping.store(offset, source, start, length)
    this.dirty.add(offset, offset + length)
  }

  /** Fills a range with zeros. Throws as `write` does. */
  zero(offset: number, length: number): undefined {
    this.checkRange(offset, length)
    this.checkWritable(offset)
    this.fileMapping.fillZeros(offset, length)
    this.dirty.add(offset, offset + length)
  }

  /** Makes all writes and zeroed ranges durable; those of other threads too, where the file was shared or joined. @throws {ProviderIoError}; after a failure this, and every write, fails for ever. */
  flush(): undefined {
    this.checkOpen()
    this.checkHealthy()
    if (this.isShared && !this.readOnly) this.persistOrFail(0, this.size)
    else for (const { from, to } of this.dirty.list()) this.persistOrFail(from, to - from)
    this.dirty.clear()
  }

  /** Makes a range durable, also what was stored through `mapping`. Throws as `flush` does. */
  persist(offset: number, length: number): undefined {
    this.checkRange(offset, length)
    this.checkHealthy()
    if (this.readOnly || length === 0) return
    this.persistOrFail(offset, length)
    this.dirty.remove(offset, offset + length)
  }

  /**
   * Locks the file among those who lock it, by flock(2). A second opening in this process conflicts as well.
   *
   * @throws {ImageLockedError} @throws {ProviderIoError} where the file was cut since it was opened. @throws {TypeError} for a file that was joined.
   */
  lock(mode: LockMode): undefined {
    this.checkOpen()
    if (this.fileLock === undefined) {
      throw new TypeError(`${this.name}: joined from another thread, and the lock is that one's`)
    }
    this.fileLock.take(mode)
    const { size } = fstatSync(this.image.fd)
    if (size >= this.size) return
    const detail = `was cut to ${size} bytes after it had been mapped with ${this.size}`
    throw new ProviderIoError({ image: this.name }, detail, 'EIO')
  }

  /** For `join` on other threads; of use while this provider is open. */
  share(): ProviderShare {
    this.checkOpen()
    this.isShared = true
    const { image, readOnly, persistence } = this
    return daxShare(image, { readOnly, persistence })
  }

  /** Unmaps the file and gives up its lock. */
  close(): undefined {
    if (!this.fileMapping.isOpen) return
    // The property goes too, so that nobody comes by the pages that are gone.
    delete (this as { mapping?: Uint8Array }).mapping
    try {
      this.fileMapping.unmap()
    } finally {
      closeSync(this.image.fd)
    }
  }

  /** After a failure the kernel takes the pages for clean, so that a second try would lie. */
  private persistOrFail(offset: number, length: number): void {
    try {
      this.persistRange(offset, length)
    } catch (error) {
      this.failure = error
      throw error
    }
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
    if (!this.fileMapping.isOpen) throw new ClosedError({ image: this.name }, 'the file was closed')
  }
}

function nativeFor(path: string): NativeCalls {
  const native = loadNative()
  if (native !== undefined) return native
  const detail = 'files can be mapped only on 64-bit Linux, and where koffi loads (ENOSYS)'
  throw new ProviderOpenError({ image: path }, detail, 'ENOSYS')
}
