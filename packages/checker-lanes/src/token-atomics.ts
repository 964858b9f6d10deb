import type { WordAtomics, WordWaitResult } from '@bttkit/interfaces'
import type { RequestKind, WordToken } from './word-token.ts'

/** What is thrown where an access is given up, because nobody needs the rest of the run. */
export class RunOverError extends Error {
  override readonly name = 'RunOverError'
}

/** As many as there are: for a notification that wakes all. */
const ALL = 0x7fff_ffff

/** What a controller answers to a wait. */
export const WAIT_RESULTS: readonly WordWaitResult[] = ['ok', 'not-equal', 'timed-out']

/**
 * The accesses of a thread on a token: each is asked for, and made by this thread itself when it is granted. Nobody sleeps on the words themselves: who waits keeps asking,
 * and the controller knows who sleeps.
 */
export class TokenAtomics implements WordAtomics {
  /** As the program says. */
  spins = 0
  private readonly token: WordToken
  private readonly shared: ArrayBufferLike
  private isOver = false

  /** @param shared where the words are */
  constructor(token: WordToken, shared: ArrayBufferLike) {
    this.token = token
    this.shared = shared
  }

  /** Another run begins. */
  begin(spins = 0): void {
    this.isOver = false
    this.spins = spins
  }

  load(words: Int32Array, index: number): number {
    this.ask('load', words, index)
    return Atomics.load(words, index)
  }

  /** Each word is looked at by itself. */
  find(words: Int32Array, mask: number, value: number): number {
    for (let index = 0; index < words.length; index++) {
      if ((this.load(words, index) & mask) === value) return index
    }
    return -1
  }

  store(words: Int32Array, index: number, value: number): void {
    this.ask('store', words, index)
    Atomics.store(words, index, value)
  }

  add(words: Int32Array, index: number, value: number): number {
    this.ask('add', words, index)
    return Atomics.add(words, index, value)
  }

  or(words: Int32Array, index: number, value: number): number {
    this.ask('or', words, index)
    return Atomics.or(words, index, value)
  }

  exchange(words: Int32Array, index: number, value: number): number {
    this.ask('exchange', words, index)
    return Atomics.exchange(words, index, value)
  }

  compareExchange(words: Int32Array, index: number, expected: number, value: number): number {
    this.ask('compareExchange', words, index)
    return Atomics.compareExchange(words, index, expected, value)
  }

  wait(words: Int32Array, index: number, expected: number): WordWaitResult {
    this.ask('wait', words, index, expected)
    return WAIT_RESULTS[this.token.answer] ?? 'ok'
  }

  /** @throws {TypeError} always: there is no event loop that turns */
  waitAsync(): never {
    throw new TypeError('a thread on a token blocks where it waits')
  }

  notify(words: Int32Array, index: number, count = ALL): number {
    this.ask('notify', words, index, count)
    return this.token.answer
  }

  /** Waits until the access is granted. */
  private ask(kind: RequestKind, { buffer, byteOffset }: Int32Array, index: number, value?: number): void {
    if (buffer !== this.shared) throw new TypeError('these words are not those of the program')
    const word = byteOffset / Int32Array.BYTES_PER_ELEMENT + index
    if (!this.isOver) this.isOver = this.token.request(kind, word, value) !== 'grant'
    if (this.isOver) throw new RunOverError('nobody needs the rest of this run')
  }
}
