import { closeSync } from 'node:fs'
import { ImageLock, asIoError, errnoOf, findDataRanges } from '@bttkit/image-file'
import {
  BadBlockError,
  ClosedError,
  checkPiece,
  checkRange,
  ProviderIoError,
  ReadOnlyError,
  type ByteRange,
  type LockMode,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
} from '@bttkit/interfaces'
import { BadBlocks } from './bad-blocks.ts'
import { ASYNCHRONOUS, BLOCKING } from './file-capabilities.ts'
import { FlushQueue } from './flush-queue.ts'
import { openFile, type OpenFile } from './open-file.ts'
import { fileHandleOf, fileShare, openSharedFile } from './shared-file.ts'
import { systemCalls, type SystemCalls } from './system-calls.ts'
import { ZeroRange } from './zero-range.ts'

export interface FileProviderOptions {
  /** Default: false, reading and writing. */
  readonly readOnly?: boolean
  /**
   * Makes the file, sparse and of this many bytes, where there is none. One that exists already is used as it is if
   * it has this size, and refused (EEXIST) otherwise. Not together with `readOnly`.
   */
  readonly createSizeBytes?: number
  /** Whether flushes block the calling thread, so that no call ever waits. Default: false. */
  readonly blocking?: boolean
  /** How the operating system is called. Default: as it is. */
  readonly system?: SystemCalls
}

/** Below the largest count that Node and Linux take in one call. */
const MAX_TRANSFER_BYTES = 2 ** 30

/**
 * An ordinary file or a block device as storage, through the page cache.
 *
 * ```ts
 * const provider = FileProvider.open('disk.img', { createSizeBytes: 64 * 2 ** 20 })
 * ```
 *
 * Reads, writes and zeroing finish within the call. A write is durable after a flush that is asked for later; a
 * flush is one fdatasync, which waits, or blocks the thread if the provider was opened so.
 *
 * Every call throws `ClosedError` after `close`, `OutOfRangeError` beyond the size, `BadBlockError` where a read fails with EIO, and
 * `ProviderIoError` with the system's errno for all else that the storage reports; the message names the file and the byte.
 */
export class FileProvider implements PmemProvider {
  readonly name: string
  /** Bytes, as found at the opening. */
  readonly size: number
  readonly capabilities: ProviderCapabilities
  readonly readOnly: boolean
  /** Of a block device of which the kernel keeps a list: what it knew at the opening, but for what was written here since. Absent otherwise. */
  readonly badBlocks?: () => readonly ByteRange[]
  /** As the file system tells; absent where it cannot be asked. */
  readonly dataRanges?: (offset: number, length: number) => readonly ByteRange[]
  private readonly file: OpenFile
  private readonly blocking: boolean
  private readonly system: SystemCalls
  private readonly flushes: FlushQueue
  /** None of a file that was joined. */
  private readonly imageLock: ImageLock | undefined
  private readonly zeroRange: ZeroRange
  private readonly badUnits: BadBlocks | undefined
  private closed = false
  private closing: Promise<void> | undefined

  /**
   * Opens a file or block device by its path. Takes no lock.
   *
   * @throws {ProviderOpenError} with the errno: ENOENT, EACCES, EISDIR, EEXIST, ENOSPC, EFBIG …
   */
  static open(path: string, options: FileProviderOptions = {}): FileProvider {
    const { readOnly = false, createSizeBytes, system = systemCalls } = options
    if (createSizeBytes !== undefined) {
      if (readOnly) throw new TypeError('a file that is made must be open for writing')
      if (!Number.isSafeInteger(createSizeBytes) || createSizeBytes < 0) {
        throw new TypeError(`a file cannot be made with ${createSizeBytes} bytes`)
      }
    }
    const file = openFile(path, { readOnly, createSizeBytes, system })
    return new FileProvider(file, options, new ImageLock(file.fd, file.path, system))
  }

  /**
   * Opens the very file that another thread of this process shares, in the same mode, also when it was renamed or removed meanwhile. It has no lock:
   * that is the other thread's, and closing this does not touch it.
   *
   * @throws {ProviderOpenError} where the other thread has closed it, or it is another file by now. @throws {TypeError} for a share that is not of
   * a file.
   */
  static join(
    share: ProviderShare,
    { system = systemCalls }: Pick<FileProviderOptions, 'system'> = {},
  ): FileProvider {
    const handle = fileHandleOf(share)
    const { readOnly, blocking } = handle
    return new FileProvider(openSharedFile(handle, system), { readOnly, blocking, system }, undefined)
  }

  private constructor(
    file: OpenFile,
    { readOnly = false, blocking = false, system = systemCalls }: FileProviderOptions,
    imageLock: ImageLock | undefined,
  ) {
    this.name = file.path
    this.size = file.size
    this.readOnly = readOnly
    this.blocking = blocking
    this.capabilities = blocking || readOnly ? BLOCKING : ASYNCHRONOUS
    this.file = file
    this.system = system
    this.flushes = new FlushQueue(file.fd, file.path, file.size, system)
    this.imageLock = imageLock
    this.zeroRange = new ZeroRange(file, this, system)
    const findInFile = file.isBlockDevice ? undefined : system.native?.findInFile
    if (findInFile !== undefined) {
      this.dataRanges = (offset, length) => {
        this.checkRange(offset, length)
        return findDataRanges((what, from) => findInFile(file.fd, what, from), offset, length)
      }
    }
    const known = file.isBlockDevice ? system.badBlocks(file.fd, file.size) : undefined
    const badUnits = known && new BadBlocks(known)
    this.badUnits = badUnits
    if (badUnits === undefined) return
    this.badBlocks = () => {
      this.checkOpen()
      return badUnits.list()
    }
  }

  read(offset: number, target: Uint8Array): undefined {
    this.readInto(offset, target, 0, target.byteLength)
  }

  readInto(offset: number, target: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, target, start, length)
    for (let done = 0; done < length;) {
      done += this.readSome(offset + done, target, start + done, length - done)
    }
  }

  /** Not durable until a flush. After a flush has failed it fails too. @throws {ReadOnlyError} where only reading is open. */
  write(offset: number, source: Uint8Array): undefined {
    this.writeFrom(offset, source, 0, source.byteLength)
  }

  writeFrom(offset: number, source: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, source, start, length)
    this.checkWritable(offset)
    for (let done = 0; done < length;) {
      done += this.writeSome(offset + done, source, start + done, length - done)
    }
    this.badUnits?.written(offset, length)
  }

  /** As `write`. In no time where the file can have holes; else the calling thread writes zeros. */
  zero(offset: number, length: number): undefined {
    this.checkRange(offset, length)
    this.checkWritable(offset)
    this.zeroRange.zero(offset, length)
    this.badUnits?.written(offset, length)
  }

  /**
   * Makes the writes and zeroed ranges that are complete now durable. The wait is lazy: the fdatasync starts when its
   * `then` or `block` is called, and flushes that meet share one. After a failure this fails for ever.
   */
  flush(): MaybeSleep {
    this.checkOpen()
    if (this.readOnly) return undefined
    if (!this.blocking) return this.flushes.request()
    this.flushes.flushNow()
    return undefined
  }

  /**
   * Locks the file among those who lock it, by flock(2). A second opening in this process conflicts as well.
   *
   * @throws {ImageLockedError} naming the process that has it, where it can be known. @throws {TypeError} for a file that was joined.
   */
  lock(mode: LockMode): undefined {
    this.checkOpen()
    if (this.imageLock === undefined) {
      throw new TypeError(`${this.name}: joined from another thread, and the lock is that one's`)
    }
    this.imageLock.take(mode)
  }

  /** For `join` on other threads; of use while this provider is open. */
  share(): ProviderShare {
    this.checkOpen()
    const { file, readOnly, blocking } = this
    return fileShare(file, { readOnly, blocking })
  }

  /** Gives up the file and its lock. Waits only for flushes that are under way: the descriptor is theirs until then. */
  close(): MaybeSleep {
    if (this.closed) return this.closing
    this.closed = true
    const flushing = this.flushes.close()
    if (flushing === undefined) this.closeDescriptor()
    else this.closing = flushing.then(() => this.closeDescriptor())
    return this.closing
  }

  private readSome(offset: number, target: Uint8Array, start: number, length: number): number {
    let count: number
    try {
      count = this.system.read(this.file.fd, target, start, Math.min(length, MAX_TRANSFER_BYTES), offset)
    } catch (error) {
      return this.retry(error, 'reading', offset, length)
    }
    if (count > 0) return count
    const detail = `the file ends here, short of its ${this.size} bytes: it was cut while it was open`
    throw new ProviderIoError({ image: this.name, offset }, detail, 'EIO')
  }

  private writeSome(offset: number, source: Uint8Array, start: number, length: number): number {
    let count: number
    try {
      count = this.system.write(this.file.fd, source, start, Math.min(length, MAX_TRANSFER_BYTES), offset)
    } catch (error) {
      return this.retry(error, 'writing', offset, length)
    }
    if (count > 0) return count
    throw new ProviderIoError({ image: this.name, offset }, `none of ${length} bytes could be written`, 'EIO')
  }

  /** Nothing was transferred: because of a signal, and it can be done again, or because of a failure, which is thrown. */
  private retry(error: unknown, action: 'reading' | 'writing', offset: number, length: number): 0 {
    const errno = errnoOf(error)
    if (errno === 'EINTR') return 0
    const failure = asIoError({ image: this.name, offset }, `${action} ${length} bytes`, error)
    if (action !== 'reading' || errno !== 'EIO') throw failure
    // Linux reports a medium that lost its content so, and has no other name for it. It says the same of a device that hiccups, and that
    // does no harm: the engine reads again before it believes that a sector is lost.
    throw new BadBlockError(
      { image: this.name, offset },
      `reading ${length} bytes failed: the content is lost (EIO)`,
      { cause: failure },
    )
  }

  private closeDescriptor(): void {
    try {
      closeSync(this.file.fd)
    } catch (error) {
      throw asIoError({ image: this.name }, 'closing', error)
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
    this.flushes.checkHealthy()
  }

  private checkOpen(): void {
    if (this.closed) throw new ClosedError({ image: this.name }, 'the file was closed')
  }
}
