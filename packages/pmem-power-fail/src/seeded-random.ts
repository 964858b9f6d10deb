/** Whole numbers that a seed determines: Marsaglia's xorshift of 32 bits. Good enough to pick states; for nothing secret. */
export class SeededRandom {
  private state: number

  /** @param seed a whole number from 0 to 2^53 */
  constructor(seed: number) {
    // Neighbouring seeds begin far apart, and the state is never 0, which would stay 0.
    this.state = (Math.imul((seed | 0) + 1, 0x9e37_79b1) ^ Math.floor(seed / 2 ** 32)) | 0 || 1
    for (let i = 0; i < 8; i++) this.next()
  }

  /** From 0 to `end` - 1; `end` is from 1 to 2^32. */
  below(end: number): number {
    return Math.floor(((this.next() >>> 0) / 2 ** 32) * end)
  }

  private next(): number {
    this.state ^= this.state << 13
    this.state ^= this.state >>> 17
    this.state ^= this.state << 5
    return this.state
  }
}
