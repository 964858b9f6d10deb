/**
 * The words of memory that threads share, one at a time by Atomics.
 *
 * Invariants:
 * - A word is never seen torn. A piece of several words may be: a reader can find some of them new and others old.
 * - Words are stored in ascending order of their addresses. A thread that is terminated in the middle has stored a prefix, and a prefix of
 *   the second half of a flog entry is `new` without `seq`: the entry is not the newest one yet, so nobody believes it. `seq` without `new` would
 *   publish a block that the entry does not mean.
 */

/** The size of a map entry; one half of a flog entry is two words. */
export const WORD_BYTES = 4

/**
 * Pieces up to this long go word by word: a map entry, half of a flog entry, a line of the map. Engines on several threads look at them without a
 * common lock, so their words must never be seen torn. Longer ones are data, which lanes keep apart.
 */
export const LONGEST_PIECE_BYTES = 64

export class SharedWords {
  private readonly words: Int32Array
  /** A piece on its way. Whole, before any of it arrives: it may be copied within this very memory. */
  private readonly piece = new Int32Array(LONGEST_PIECE_BYTES / WORD_BYTES)
  private readonly pieceBytes = new Uint8Array(this.piece.buffer)

  /** @param bytes that begin at a multiple of four; up to three of them at the end are in no word */
  constructor(bytes: Uint8Array) {
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / WORD_BYTES))
  }

  /** Copies up to `LONGEST_PIECE_BYTES` of whole words from `offset` on, which begins one, into `target` from `start` on. */
  load(offset: number, target: Uint8Array, start: number, length: number): void {
    const { words, piece, pieceBytes } = this
    const first = offset / WORD_BYTES
    const count = length / WORD_BYTES
    for (let index = 0; index < count; index++) piece[index] = Atomics.load(words, first + index)
    for (let at = 0; at < length; at++) target[start + at] = pieceBytes[at] ?? 0
  }

  /** Copies as many from `source` from `start` on to `offset`, which begins a word. */
  store(offset: number, source: Uint8Array, start: number, length: number): void {
    const { words, piece, pieceBytes } = this
    const first = offset / WORD_BYTES
    const count = length / WORD_BYTES
    for (let at = 0; at < length; at++) pieceBytes[at] = source[start + at] ?? 0
    for (let index = 0; index < count; index++) Atomics.store(words, first + index, piece[index] ?? 0)
  }
}
