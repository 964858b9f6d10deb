import {
  ClosedError,
  checkPiece,
  checkRange,
  ReadOnlyError,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
} from '@bttkit/interfaces'
import { memoryHandleOf, memoryShare } from './memory-share.ts'
import { LONGEST_PIECE_BYTES, SharedWords, WORD_BYTES } from './shared-words.ts'

/** Where the bytes come from: fresh zeros, or memory that the caller keeps and may share with other threads. */
export type MemorySource =
  | {
      /** Bytes; the memory is made with this many zeros. */
      readonly size: number
      /** Whether it is a `SharedArrayBuffer`, which other threads can have too: see `share`. Default: no. */
      readonly shared?: boolean
      readonly readOnly?: boolean
    }
  | { readonly bytes: Uint8Array | ArrayBufferLike; readonly readOnly?: boolean }

/**
 * Nothing here survives the process, so what a crash leaves is vacuous: durability and order hold, and the write
 * sizes are those of the persistent memory that this stands in for.
 */
function capabilitiesOf(wordAccess: boolean): ProviderCapabilities {
  return Object.freeze({
    atomicWriteBytes: 8,
    tearGranularityBytes: 8,
    sameLineOrdered: true,
    damagesNeighbours: false,
    mayWait: false,
    flush: 'none',
    persistBy: 'nothing',
    durableOnWrite: true,
    fencing: false,
    maxWritesInFlight: Infinity,
    atomicAccessBytes: wordAccess ? WORD_BYTES : 0,
  })
}

const WORD_CAPABILITIES = capabilitiesOf(true)
const BYTE_CAPABILITIES = capabilitiesOf(false)

/**
 * Copies by Node's own memcpy, which takes ranges: `target.set(source.subarray(…))` makes a view of about 100 bytes
 * a call, and on a SharedArrayBuffer it copies large pieces several times slower.
 */
const copyBytes = Buffer.prototype.copy

function bytesOf(source: MemorySource): Uint8Array {
  if (!('bytes' in source)) {
    if (!Number.isSafeInteger(source.size) || source.size < 0) {
      throw new TypeError(`a memory cannot have ${source.size} bytes`)
    }
    return new Uint8Array(
      source.shared === true ? new SharedArrayBuffer(source.size) : new ArrayBuffer(source.size),
    )
  }
  const { bytes } = source
  // With its length, or the view would grow with a buffer that can.
  return bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes, 0, bytes.byteLength)
}

/**
 * Memory as storage: for tests, for simulations, and for images that were loaded as a whole.
 *
 * ```ts
 * const provider = new MemoryProvider({ size: 64 * 2 ** 20 })
 * ```
 *
 * Every call finishes at once and none allocates. Volatile: what is not copied elsewhere ends with the process.
 *
 * On a `SharedArrayBuffer` an aligned access of whole words, up to 64 bytes, tears no word and stores them in ascending order, whatever other threads
 * do; all others are plain copies, which two threads must keep apart.
 */
export class MemoryProvider implements PmemProvider {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly capabilities: ProviderCapabilities
  readonly readOnly: boolean
  readonly mapping: Uint8Array
  private readonly words: SharedWords | undefined
  private readonly longestInWords: number
  private closed = false

  /** @throws {TypeError} for a size that is no number of bytes. */
  constructor(source: MemorySource, name = 'memory') {
    const bytes = bytesOf(source)
    this.name = name
    this.size = bytes.byteLength
    this.readOnly = source.readOnly ?? false
    this.mapping = bytes
    const aligned = bytes.byteOffset % WORD_BYTES === 0
    this.words = aligned ? new SharedWords(bytes) : undefined
    // In memory of one thread words are not needed; for one of them it is faster.
    this.longestInWords = bytes.buffer instanceof SharedArrayBuffer ? LONGEST_PIECE_BYTES : WORD_BYTES
    this.capabilities = aligned ? WORD_CAPABILITIES : BYTE_CAPABILITIES
  }

  /**
   * The memory that another thread shares: the same bytes, under the same name, as readable and writable.
   *
   * @throws {TypeError} for a share that is not of a memory.
   */
  static join(share: ProviderShare): MemoryProvider {
    const { buffer, byteOffset, byteLength, readOnly, name } = memoryHandleOf(share)
    return new MemoryProvider({ bytes: new Uint8Array(buffer, byteOffset, byteLength), readOnly }, name)
  }

  /** @throws {OutOfRangeError} beyond the memory. @throws {ClosedError} after `close`. Never waits. */
  read(offset: number, target: Uint8Array): undefined {
    this.readInto(offset, target, 0, target.byteLength)
  }

  /** As `read`; besides, `TypeError` where the piece is not within `target`. */
  readInto(offset: number, target: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, target, start, length)
    if (this.words !== undefined && this.isWords(offset, length)) {
      this.words.load(offset, target, start, length)
      return
    }
    copyBytes.call(this.mapping, target, start, offset, offset + length)
  }

  /** As durable as it will ever be when it returns. @throws {ReadOnlyError}, and as `read`. Never waits. */
  write(offset: number, source: Uint8Array): undefined {
    this.writeFrom(offset, source, 0, source.byteLength)
  }

  /** As `write`; besides, `TypeError` where the piece is not within `source`. */
  writeFrom(offset: number, source: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, source, start, length)
    this.checkWritable(offset)
    if (this.words !== undefined && this.isWords(offset, length)) {
      this.words.store(offset, source, start, length)
      return
    }
    copyBytes.call(source, this.mapping, offset, start, start + length)
  }

  /** Fills a range with zeros. Throws as `write` does. */
  zero(offset: number, length: number): undefined {
    this.checkRange(offset, length)
    this.checkWritable(offset)
    this.mapping.fill(0, offset, offset + length)
  }

  /** There is nothing to flush. @throws {ClosedError} after `close`. */
  flush(): MaybeSleep {
    this.checkOpen()
    return undefined
  }

  /** The memory itself lives on where the caller kept it. */
  close(): undefined {
    this.closed = true
  }

  /**
   * For `MemoryProvider.join` on other threads. Closing is each one's own; the memory lives as long as anybody has it.
   *
   * @throws {TypeError} for memory that is not a `SharedArrayBuffer`. @throws {ClosedError} after `close`.
   */
  share(): ProviderShare {
    this.checkOpen()
    return memoryShare(this)
  }

  private isWords(offset: number, length: number): boolean {
    return length <= this.longestInWords && length % WORD_BYTES === 0 && offset % WORD_BYTES === 0
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
    if (this.readOnly) throw new ReadOnlyError({ image: this.name, offset }, 'open for reading only')
  }

  private checkOpen(): void {
    if (this.closed) throw new ClosedError({ image: this.name }, 'the memory was closed')
  }
}
