import {
  ClosedError,
  OutOfRangeError,
  ReadOnlyError,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
} from '@bttkit/interfaces'

/** Where the bytes come from: fresh zeros, or memory that the caller keeps and may share with other threads. */
export type MemorySource =
  | {
      /** Bytes; the memory is made with this many zeros. */
      readonly size: number
      /** Whether it is a `SharedArrayBuffer`, which worker threads can attach too. Default: no. */
      readonly shared?: boolean
      readonly readOnly?: boolean
    }
  | { readonly bytes: Uint8Array | ArrayBufferLike; readonly readOnly?: boolean }

/** One map word. Engines on several threads look at single words without a lock, so a word must never be seen torn. */
const WORD_BYTES = 4

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
  return source.bytes instanceof Uint8Array ? source.bytes : new Uint8Array(source.bytes)
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
 * An aligned access of four bytes is a single one across threads; longer ones are plain copies, which two threads on
 * one `SharedArrayBuffer` must keep apart.
 */
export class MemoryProvider implements PmemProvider {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly capabilities: ProviderCapabilities
  readonly readOnly: boolean
  readonly mapping: Uint8Array
  private readonly words: Int32Array | undefined
  private readonly oneWord = new Int32Array(1)
  private readonly oneWordBytes = new Uint8Array(this.oneWord.buffer)
  private closed = false

  /** @throws {TypeError} for a size that is no number of bytes. */
  constructor(source: MemorySource, name = 'memory') {
    const bytes = bytesOf(source)
    this.name = name
    this.size = bytes.byteLength
    this.readOnly = source.readOnly ?? false
    this.mapping = bytes
    const aligned = bytes.byteOffset % WORD_BYTES === 0
    this.words = aligned
      ? new Int32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / WORD_BYTES))
      : undefined
    this.capabilities = aligned ? WORD_CAPABILITIES : BYTE_CAPABILITIES
  }

  /** @throws {OutOfRangeError} beyond the memory. @throws {ClosedError} after `close`. Never waits. */
  read(offset: number, target: Uint8Array): undefined {
    this.readInto(offset, target, 0, target.byteLength)
  }

  /** As `read`; besides, `TypeError` where the piece is not within `target`. */
  readInto(offset: number, target: Uint8Array, start: number, length: number): undefined {
    this.checkPiece(offset, target, start, length)
    if (length === WORD_BYTES && this.words !== undefined && offset % WORD_BYTES === 0) {
      this.oneWord[0] = Atomics.load(this.words, offset / WORD_BYTES)
      for (let i = 0; i < WORD_BYTES; i++) target[start + i] = this.oneWordBytes[i] ?? 0
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
    if (length === WORD_BYTES && this.words !== undefined && offset % WORD_BYTES === 0) {
      for (let i = 0; i < WORD_BYTES; i++) this.oneWordBytes[i] = source[start + i] ?? 0
      Atomics.store(this.words, offset / WORD_BYTES, this.oneWord[0] ?? 0)
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

  private checkPiece(offset: number, piece: Uint8Array, start: number, length: number): void {
    this.checkRange(offset, length)
    if (!Number.isSafeInteger(start) || start < 0 || start + length > piece.byteLength) {
      throw new TypeError(`${length} bytes from ${start} on are not within a piece of ${piece.byteLength}`)
    }
  }

  private checkRange(offset: number, length: number): void {
    this.checkOpen()
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length)
    if (!whole || offset < 0 || length < 0 || offset + length > this.size) {
      throw new OutOfRangeError(
        { image: this.name, offset },
        `${length} bytes from there are not within the ${this.size} bytes of the storage`,
      )
    }
  }

  private checkWritable(offset: number): void {
    if (this.readOnly) throw new ReadOnlyError({ image: this.name, offset }, 'open for reading only')
  }

  private checkOpen(): void {
    if (this.closed) throw new ClosedError({ image: this.name }, 'the memory was closed')
  }
}
