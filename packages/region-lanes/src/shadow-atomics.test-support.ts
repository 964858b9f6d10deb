import type { WordAtomics, WordWaitResult } from '@bttkit/interfaces'

/** Keeps the values of words elsewhere. So words that somebody reads or writes past it stay as they are, and tell nothing. Nobody can wait. */
export class ShadowAtomics implements WordAtomics {
  readonly spins = 0
  private readonly values = new Map<number, number>()

  load(words: Int32Array, index: number): number {
    return this.values.get(words.byteOffset + 4 * index) ?? 0
  }

  find(words: Int32Array, mask: number, value: number): number {
    return words.findIndex((_, index) => (this.load(words, index) & mask) === value)
  }

  store(words: Int32Array, index: number, value: number): void {
    this.values.set(words.byteOffset + 4 * index, value | 0)
  }

  add(words: Int32Array, index: number, value: number): number {
    return this.exchange(words, index, this.load(words, index) + value)
  }

  or(words: Int32Array, index: number, value: number): number {
    return this.exchange(words, index, this.load(words, index) | value)
  }

  exchange(words: Int32Array, index: number, value: number): number {
    const before = this.load(words, index)
    this.store(words, index, value)
    return before
  }

  compareExchange(words: Int32Array, index: number, expected: number, value: number): number {
    const before = this.load(words, index)
    if (before === expected) this.store(words, index, value)
    return before
  }

  wait(): WordWaitResult {
    return 'not-equal'
  }

  waitAsync(): ReturnType<WordAtomics['waitAsync']> {
    return { async: false, value: 'not-equal' }
  }

  notify(): number {
    return 0
  }
}
