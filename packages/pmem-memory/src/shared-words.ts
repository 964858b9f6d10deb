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

export class SharedWords {
  private readonly words: Int32Array
  private readonly word = new Int32Array(1)
  private readonly wordBytes = new Uint8Array(this.word.buffer)

  /** @param bytes that begin at a multiple of four; up to three of them at the end are in no word */
  constructor(bytes: Uint8Array) {
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / WORD_BYTES))
  }

  /** Copies whole words from `offset` on, which begins one, into `target` from `start` on. */
  load(offset: number, target: Uint8Array, start: number, length: number): void {
    const { words, word, wordBytes } = this
    const end = start + length
    for (let index = offset / WORD_BYTES, at = start; at < end; index++, at += WORD_BYTES) {
      word[0] = Atomics.load(words, index)
      target[at] = wordBytes[0] ?? 0
      target[at + 1] = wordBytes[1] ?? 0
      target[at + 2] = wordBytes[2] ?? 0
      target[at + 3] = wordBytes[3] ?? 0
    }
  }

  /** Copies whole words from `source` from `start` on to `offset`, which begins one. */
  store(offset: number, source: Uint8Array, start: number, length: number): void {
    const { words, word, wordBytes } = this
    const end = start + length
    for (let index = offset / WORD_BYTES, at = start; at < end; index++, at += WORD_BYTES) {
      wordBytes[0] = source[at] ?? 0
      wordBytes[1] = source[at + 1] ?? 0
      wordBytes[2] = source[at + 2] ?? 0
      wordBytes[3] = source[at + 3] ?? 0
      Atomics.store(words, index, word[0] ?? 0)
    }
  }
}
