/**
 * Compressed chunks in a log. What keeps it whole at a power cut:
 *
 * 1. A record is appended and never changed. Its checksum tells a whole one from a torn one.
 * 2. What lies behind the first torn record was never flushed, and counts for nothing. It is cut off before anything is appended.
 * 3. A torn record among bytes that the mark calls durable is damage of the medium, and such a log is not opened.
 * 4. Compaction writes another log, and puts it in the place of this one by a rename when all of it is durable.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { LOG_NAME, syncFolder } from './image-folder.js'
import { readAt, readLogFile, writeAll, writeLogFile, writeMark } from './log-file.js'
import type { Description, LogContent } from './log-file.js'
import { encodeRecord, isWhole, RECORD_HEAD_BYTES } from './log-record.js'
import { ioError, openError } from './system-error.js'

const flushFile = promisify(fdatasync)

/** A shorter log is not worth the copying. */
const SMALLEST_COMPACTED_BYTES = 2 ** 22

export interface ChunkLogOptions {
  readonly readOnly: boolean
  /** How hard zlib tries, 0 to 9. */
  readonly level: number
}

export class ChunkLog {
  private readonly folder: string
  private readonly options: ChunkLogOptions
  private fd: number
  private content: LogContent
  /** The log is written anew when it is that long. */
  private compactAtBytes: number
  /** Bytes that were appended since the opening, and how many of them are durable; -1 while not even what was found is known to be. */
  private appended = 0
  private durable = -1
  /** The last of what is done one after another: flushes, and reading the log again. When one fails, so do all later ones. */
  private working: Promise<void> = Promise.resolve()

  /** Changes nothing: who opens an image has no lock yet. @throws {ProviderOpenError} */
  constructor(folder: string, options: ChunkLogOptions) {
    this.folder = folder
    this.options = options
    const { fd, content } = this.open()
    this.fd = fd
    this.content = content
    const liveBytes = [...content.places.values()].reduce((sum, { length }) => sum + length, 0)
    this.compactAtBytes = Math.max(SMALLEST_COMPACTED_BYTES, 2 * liveBytes)
  }

  get description(): Description {
    return this.content.description
  }

  /** The bytes of a chunk, which are the caller's; undefined where it was never stored. @throws {ProviderIoError} */
  read(chunk: number): Uint8Array | undefined {
    const place = this.content.places.get(chunk)
    if (place === undefined) return undefined
    return this.reporting(`reading chunk ${chunk}`, () => {
      const record = readAt(this.fd, place.position, place.length)
      if (!isWhole(record)) throw new Error('its record is damaged')
      return new Uint8Array(inflateRawSync(record.subarray(RECORD_HEAD_BYTES)))
    })
  }

  /** Stores a chunk, durable after a `sync` that is called later. @throws {ProviderIoError} */
  append(chunk: number, bytes: Uint8Array): void {
    this.reporting(`storing chunk ${chunk}`, () => {
      const { content } = this
      this.cutTornEnd()
      const record = encodeRecord(chunk, deflateRawSync(bytes, { level: this.options.level }))
      writeAll(this.fd, record, content.end)
      content.places.set(chunk, { position: content.end, length: record.byteLength })
      content.end += record.byteLength
      this.appended += record.byteLength
    })
  }

  /** Makes durable what was appended before. One flush at a time: who comes meanwhile shares the next. */
  sync(): Promise<void> {
    const wanted = this.appended
    return this.enqueue(() => this.syncUpTo(wanted))
  }

  /** Finds what others have done to the log, until now that it is locked. */
  reload(): Promise<void> {
    return this.enqueue(async () => {
      const { fd, content } = this.open()
      closeSync(this.fd)
      this.fd = fd
      this.content = content
      this.durable = -1
    })
  }

  /** Not before the last flush is over: it needs the descriptor. */
  async close(): Promise<void> {
    await Promise.allSettled([this.working])
    closeSync(this.fd)
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    this.working = this.working.then(work)
    return this.working
  }

  private open(): { readonly fd: number; readonly content: LogContent } {
    let fd: number | undefined
    try {
      fd = openSync(join(this.folder, LOG_NAME), this.options.readOnly ? 'r' : 'r+')
      return { fd, content: readLogFile(fd) }
    } catch (error) {
      if (fd !== undefined) closeSync(fd)
      throw openError(this.folder, error)
    }
  }

  private async syncUpTo(wanted: number): Promise<void> {
    if (this.durable >= wanted) return
    const { appended, content } = this
    const { end } = content
    try {
      await flushFile(this.fd)
      this.durable = appended
      writeMark(this.fd, end)
      if (content.end >= this.compactAtBytes) this.compact()
    } catch (error) {
      throw ioError(this.folder, 'flushing', error)
    }
  }

  /** Where there is no room for another log this one only stays long. */
  private compact(): void {
    const draft = join(this.folder, `${LOG_NAME}.new`)
    const fd = this.writeDraft(draft)
    if (fd !== undefined) {
      renameSync(draft, join(this.folder, LOG_NAME))
      closeSync(this.fd)
      this.fd = fd
      this.content = readLogFile(fd)
      syncFolder(this.folder)
      this.durable = this.appended
    }
    this.compactAtBytes = Math.max(SMALLEST_COMPACTED_BYTES, 2 * this.content.end)
  }

  private writeDraft(path: string): number | undefined {
    try {
      return writeLogFile(path, this.description, this.lastRecords())
    } catch {
      rmSync(path, { force: true })
      return undefined
    }
  }

  private *lastRecords(): Generator<Buffer> {
    for (const { position, length } of this.content.places.values()) yield readAt(this.fd, position, length)
  }

  /** What a crash, or a full disk, left of a record. */
  private cutTornEnd(): void {
    const { end } = this.content
    if (fstatSync(this.fd).size <= end) return
    ftruncateSync(this.fd, end)
    fdatasyncSync(this.fd)
  }

  private reporting<T>(action: string, call: () => T): T {
    try {
      return call()
    } catch (error) {
      throw ioError(this.folder, action, error)
    }
  }
}
