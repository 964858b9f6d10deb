/**
 * Random numbers that a seed determines: Marsaglia's xorshift with 128 bits of state. Good enough to choose schedules; for nothing secret.
 */

/** Spreads the bits of a seed over a word of the state. */
function scramble(value: number): number {
  let hash = (value + 0x6d2b_79f5) | 0
  hash = Math.imul(hash ^ (hash >>> 15), hash | 1)
  hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61)
  return hash ^ (hash >>> 14)
}

export class SeededRandom {
  private a: number
  private b: number
  private c: number
  private d: number

  /**
   * @param seed a whole number from 0 to 2^53
   * @param stream sequences of one seed with different streams have nothing to do with each other; from 0 to 2^31
   */
  constructor(seed: number, stream = 0) {
    this.a = scramble(seed | 0)
    this.b = scramble(Math.floor(seed / 2 ** 32) ^ this.a)
    this.c = scramble(stream ^ this.b)
    // One word that is not 0, as all four must not be.
    this.d = scramble(this.c) | 1
    for (let i = 0; i < 16; i++) this.next()
  }

  /** A whole number from 0 to `end` - 1; `end` is from 1 to 2^32. */
  below(end: number): number {
    return Math.floor(((this.next() >>> 0) / 2 ** 32) * end)
  }

  private next(): number {
    const mixed = this.a ^ (this.a << 11)
    this.a = this.b
    this.b = this.c
    this.c = this.d
    this.d = this.d ^ (this.d >>> 19) ^ mixed ^ (mixed >>> 8)
    return this.d
  }
}
