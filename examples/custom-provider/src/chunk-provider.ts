import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkRange, ClosedError, ProviderOpenError, ReadOnlyError } from '@bttkit/interfaces'
import type { LockMode, MaybeSleep, PmemProvider, ProviderCapabilities } from '@bttkit/interfaces'
import { FileProvider } from '@bttkit/pmem-file'
import { ChunkLog } from './chunk-log.js'
import { createImage, LOCK_NAME } from './image-folder.js'

export interface ChunkProviderOptions {
  readonly readOnly: boolean
  /** Makes the image, of this many bytes, where there is none. */
  readonly createSizeBytes?: number | undefined
  /** Of an image that is made: a power of two, from 4096 to 2^20. */
  readonly chunkBytes: number
  /** How hard zlib tries, 0 to 9. */
  readonly level: number
}

/** How many chunks stay in memory uncompressed, of those that changed and of the others. */
const CACHED_CHUNKS = 32

function capabilitiesOf(chunkBytes: number): ProviderCapabilities {
  return Object.freeze({
    // A chunk is stored by one record, which a crash leaves whole or undone. Of a longer write it may leave some chunks.
    atomicWriteBytes: chunkBytes,
    tearGranularityBytes: chunkBytes,
    // A record has all stores to its chunk up to then, and what a crash leaves of the log is its beginning.
    sameLineOrdered: true,
    // The bytes beside a write are in its record too, as they were.
    damagesNeighbours: false,
    mayWait: true,
    flush: 'sleeps',
    persistBy: 'fdatasync',
    durableOnWrite: false,
    // The lock binds only those who ask for it.
    fencing: false,
    maxWritesInFlight: Infinity,
    // Threads cannot share this storage.
    atomicAccessBytes: 0,
  })
}

/** Storage that keeps its content compressed: chunks in memory until a flush, and in a log after it. */
export class ChunkProvider implements PmemProvider {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly capabilities: ProviderCapabilities
  private readonly chunkBytes: number
  private readonly log: ChunkLog
  private readonly lockFile: FileProvider
  /** Chunks that are not stored as they are here. */
  private readonly changed = new Map<number, Uint8Array>()
  /** Chunks as they are stored, the one that was used last at the end. */
  private readonly recent = new Map<number, Uint8Array>()
  private closing: Promise<void> | undefined

  /** @throws {ProviderOpenError} */
  constructor(folder: string, { readOnly, createSizeBytes, chunkBytes, level }: ChunkProviderOptions) {
    if (createSizeBytes !== undefined && !existsSync(folder)) {
      createImage(folder, { size: createSizeBytes, chunkBytes })
    }
    this.name = folder
    this.readOnly = readOnly
    this.log = new ChunkLog(folder, { readOnly, level })
    this.lockFile = this.openLockFile(createSizeBytes)
    this.size = this.log.description.size
    this.chunkBytes = this.log.description.chunkBytes
    this.capabilities = capabilitiesOf(this.chunkBytes)
  }

  read(offset: number, target: Uint8Array): undefined {
    this.check(offset, target.byteLength)
    for (const { chunk, from, to, at } of this.pieces(offset, target.byteLength)) {
      target.set(this.chunkOf(chunk).subarray(from, to), at)
    }
  }

  write(offset: number, source: Uint8Array): undefined {
    this.check(offset, source.byteLength)
    if (this.readOnly) throw new ReadOnlyError({ image: this.name, offset }, 'it is open for reading only')
    for (const { chunk, from, to, at } of this.pieces(offset, source.byteLength)) {
      const bytes = this.chunkOf(chunk)
      bytes.set(source.subarray(at, at + to - from), from)
      this.changed.set(chunk, bytes)
      if (this.changed.size > CACHED_CHUNKS) this.storeChanges()
    }
  }

  flush(): MaybeSleep {
    this.checkOpen()
    if (this.readOnly) return undefined
    this.storeChanges()
    return this.log.sync()
  }

  lock(mode: LockMode): MaybeSleep {
    this.checkOpen()
    this.lockFile.lock(mode)
    // Somebody may have written between the opening and the lock.
    return this.log.reload().then(() => this.recent.clear())
  }

  close(): MaybeSleep {
    this.closing ??= this.log.close().then(async () => void (await this.lockFile.close()))
    return this.closing
  }

  private openLockFile(expectedBytes = this.log.description.size): FileProvider {
    try {
      const { size } = this.log.description
      if (size !== expectedBytes) {
        throw new ProviderOpenError({ image: this.name }, `it is there already, of ${size} bytes`, 'EEXIST')
      }
      return FileProvider.open(join(this.name, LOCK_NAME), { readOnly: this.readOnly })
    } catch (error) {
      void this.log.close()
      throw error
    }
  }

  /** The parts of a transfer: in each chunk the bytes `from` … `to`, which are those of the caller from `at` on. */
  private *pieces(
    offset: number,
    length: number,
  ): Generator<{ chunk: number; from: number; to: number; at: number }> {
    for (let at = 0; at < length;) {
      const from = (offset + at) % this.chunkBytes
      const to = Math.min(this.chunkBytes, from + length - at)
      yield { chunk: (offset + at - from) / this.chunkBytes, from, to, at }
      at += to - from
    }
  }

  private chunkOf(chunk: number): Uint8Array {
    const known = this.changed.get(chunk) ?? this.recent.get(chunk)
    const bytes = known ?? this.log.read(chunk) ?? new Uint8Array(this.chunkBytes)
    this.remember(chunk, bytes)
    return bytes
  }

  private remember(chunk: number, bytes: Uint8Array): void {
    this.recent.delete(chunk)
    this.recent.set(chunk, bytes)
    for (const oldest of this.recent.keys()) {
      if (this.recent.size <= CACHED_CHUNKS) return
      this.recent.delete(oldest)
    }
  }

  /** What cannot be stored stays in memory, for the next flush. */
  private storeChanges(): void {
    for (const [chunk, bytes] of this.changed) {
      this.log.append(chunk, bytes)
      this.changed.delete(chunk)
    }
  }

  private check(offset: number, length: number): void {
    this.checkOpen()
    checkRange(this, offset, length)
  }

  private checkOpen(): void {
    if (this.closing !== undefined) throw new ClosedError({ image: this.name }, 'it was closed')
  }
}
