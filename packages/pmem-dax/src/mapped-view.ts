/**
 * One addressable piece of a mapping.
 *
 * Invariants:
 * - An aligned piece of 4 or 8 bytes is one store: the storage under the mapping can take what a line holds at any time, so an entry that was
 *   stored in two steps could be torn for ever. Other short pieces of whole words are stored in such steps, in ascending order.
 * - An aligned word of 4 bytes that another thread stores is never seen torn.
 *
 * Both rest on what the engine makes of an access to an element of a typed array: one instruction, in this order, and for elements of up to four bytes the language says
 * so too. Atomics would be calls, and those of eight bytes make a BigInt each. Where one thread has to see what others did before, its locks see to it.
 */

const WORD_BYTES = 4
const LONG_BYTES = 8

/** Pieces up to this long go word by word: a map entry, half of a flog entry, a line of the map. Longer ones are data. */
const LONGEST_IN_WORDS_BYTES = 64

/** Copies by Node's own memcpy, which takes ranges: a `subarray` for each call would cost more than a short copy. */
const copyBytes = Buffer.prototype.copy

/** A buffer as words of either size, as far as there are whole ones. */
class Words {
  readonly bytes: Uint8Array
  readonly buffer: ArrayBufferLike
  readonly words: Int32Array
  readonly longs: BigInt64Array

  /** @param bytes that begin at a multiple of eight in their buffer, and that buffer at one in memory */
  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, byteLength } = bytes
    this.bytes = bytes
    this.buffer = buffer
    this.words = new Int32Array(buffer, byteOffset, Math.floor(byteLength / WORD_BYTES))
    this.longs = new BigInt64Array(buffer, byteOffset, Math.floor(byteLength / LONG_BYTES))
  }
}

export class MappedView {
  readonly bytes: Uint8Array
  private readonly buffer: ArrayBuffer
  private readonly words: Int32Array
  private readonly longs: BigInt64Array
  /** A piece on its way that is not aligned where it comes from, or goes to, or stays in the mapping: its steps could store over what is still to be read. */
  private readonly piece = new Words(new Uint8Array(LONGEST_IN_WORDS_BYTES + LONG_BYTES))
  /** Whose pieces came last: mostly one buffer has all of them. */
  private latest = this.piece

  /** @param buffer that begins at a multiple of eight in memory; what is left at its end is in no word */
  constructor(buffer: ArrayBuffer) {
    const { bytes, words, longs } = new Words(new Uint8Array(buffer))
    this.bytes = bytes
    this.buffer = buffer
    this.words = words
    this.longs = longs
  }

  load(offset: number, target: Uint8Array, start: number, length: number): void {
    if (!goesInWords(offset, length)) {
      copyBytes.call(this.bytes, target, start, offset, offset + length)
      return
    }
    const { piece } = this
    if (start % WORD_BYTES === 0 && target.byteOffset % LONG_BYTES === 0) {
      const { words, buffer } = this.wordsOf(target)
      if (buffer !== this.buffer) {
        this.loadWords(offset, words, start, length)
        return
      }
    }
    this.loadWords(offset, piece.words, 0, length)
    for (let at = 0; at < length; at++) target[start + at] = piece.bytes[at] ?? 0
  }

  store(offset: number, source: Uint8Array, start: number, length: number): void {
    if (!goesInWords(offset, length)) {
      copyBytes.call(source, this.bytes, offset, start, start + length)
      return
    }
    const { piece } = this
    if (isAsAligned(offset, start, length) && source.byteOffset % LONG_BYTES === 0) {
      const words = this.wordsOf(source)
      if (words.buffer !== this.buffer) {
        this.storeWords(offset, words, start, length)
        return
      }
    }
    const from = offset % LONG_BYTES
    for (let at = 0; at < length; at++) piece.bytes[from + at] = source[start + at] ?? 0
    this.storeWords(offset, piece, from, length)
  }

  private wordsOf(bytes: Uint8Array): Words {
    if (this.latest.bytes !== bytes) this.latest = new Words(bytes)
    return this.latest
  }

  private loadWords(offset: number, target: Int32Array, start: number, length: number): void {
    const { words } = this
    const first = offset / WORD_BYTES
    const to = start / WORD_BYTES
    const count = length / WORD_BYTES
    for (let index = 0; index < count; index++) target[to + index] = words[first + index] ?? 0
  }

  /** Both begin at the same place within eight bytes. */
  private storeWords(offset: number, { words, longs }: Words, start: number, length: number): void {
    for (let at = 0; at < length;) {
      const to = offset + at
      if (to % LONG_BYTES === 0 && length - at >= LONG_BYTES) {
        this.longs[to / LONG_BYTES] = longs[(start + at) / LONG_BYTES] ?? 0n
        at += LONG_BYTES
      } else {
        this.words[to / WORD_BYTES] = words[(start + at) / WORD_BYTES] ?? 0
        at += WORD_BYTES
      }
    }
  }
}

/** Whether each word of a piece, and each eight bytes that are stored together, is one where it comes from, too. */
function isAsAligned(offset: number, start: number, length: number): boolean {
  return length === WORD_BYTES ? start % WORD_BYTES === 0 : start % LONG_BYTES === offset % LONG_BYTES
}

/** Whether a piece is stored in whole words, each by one ordinary store. */
export function goesInWords(offset: number, length: number): boolean {
  return length <= LONGEST_IN_WORDS_BYTES && length % WORD_BYTES === 0 && offset % WORD_BYTES === 0
}
