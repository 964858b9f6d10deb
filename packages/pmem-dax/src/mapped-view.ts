/**
 * One addressable piece of a mapping.
 *
 * Invariants:
 * - An aligned piece of 4 or 8 bytes is one store: the storage under the mapping can take what a line holds at any time, so an entry that was
 *   stored in two steps could be torn for ever. Other short pieces of whole words are stored in such steps, in ascending order.
 * - An aligned word of 4 bytes that another thread stores is never seen torn.
 */

const WORD_BYTES = 4
const LONG_BYTES = 8

/** Pieces up to this long go word by word: a map entry, half of a flog entry, a line of the map. Longer ones are data. */
const LONGEST_IN_WORDS_BYTES = 64

/** Copies by Node's own memcpy, which takes ranges: a `subarray` for each call would cost more than a short copy. */
const copyBytes = Buffer.prototype.copy

export class MappedView {
  readonly bytes: Uint8Array
  private readonly words: Int32Array
  private readonly longs: BigInt64Array
  /** A piece on its way, aligned as the views of it want. */
  private readonly pieceBytes = new Uint8Array(LONGEST_IN_WORDS_BYTES)
  private readonly pieceWords = new Int32Array(this.pieceBytes.buffer)
  private readonly pieceView = new DataView(this.pieceBytes.buffer)

  /** @param buffer that begins at a multiple of eight in memory; what is left at its end is in no word */
  constructor(buffer: ArrayBuffer) {
    this.bytes = new Uint8Array(buffer)
    this.words = new Int32Array(buffer, 0, Math.floor(buffer.byteLength / WORD_BYTES))
    this.longs = new BigInt64Array(buffer, 0, Math.floor(buffer.byteLength / LONG_BYTES))
  }

  load(offset: number, target: Uint8Array, start: number, length: number): void {
    if (!goesInWords(offset, length)) {
      copyBytes.call(this.bytes, target, start, offset, offset + length)
      return
    }
    const { words, pieceWords, pieceBytes } = this
    const first = offset / WORD_BYTES
    const count = length / WORD_BYTES
    for (let index = 0; index < count; index++) pieceWords[index] = Atomics.load(words, first + index)
    for (let at = 0; at < length; at++) target[start + at] = pieceBytes[at] ?? 0
  }

  store(offset: number, source: Uint8Array, start: number, length: number): void {
    if (!goesInWords(offset, length)) {
      copyBytes.call(source, this.bytes, offset, start, start + length)
      return
    }
    const { pieceBytes } = this
    for (let at = 0; at < length; at++) pieceBytes[at] = source[start + at] ?? 0
    for (let at = 0; at < length;) at += this.storeStep(offset + at, at, length - at)
  }

  /** Stores the next bytes of the piece at once, and says how many. */
  private storeStep(offset: number, at: number, left: number): number {
    if (offset % LONG_BYTES === 0 && left >= LONG_BYTES) {
      Atomics.store(this.longs, offset / LONG_BYTES, this.pieceView.getBigInt64(at, LITTLE_ENDIAN))
      return LONG_BYTES
    }
    Atomics.store(this.words, offset / WORD_BYTES, this.pieceWords[at / WORD_BYTES] ?? 0)
    return WORD_BYTES
  }
}

/** Of this machine, in which the typed arrays store too. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Whether a piece is stored in whole words, each by one ordinary store. */
export function goesInWords(offset: number, length: number): boolean {
  return length <= LONGEST_IN_WORDS_BYTES && length % WORD_BYTES === 0 && offset % WORD_BYTES === 0
}
