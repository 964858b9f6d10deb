/** A set of whole numbers below a limit, one bit each. */
export class Bitmap {
  private readonly limit: number
  private readonly words: Uint32Array

  constructor(limit: number) {
    this.limit = limit
    this.words = new Uint32Array(Math.ceil(limit / 32))
  }

  has(value: number): boolean {
    return ((this.words[value >>> 5] ?? 0) & (1 << (value & 31))) !== 0
  }

  /** False when it was there. */
  add(value: number): boolean {
    if (this.has(value)) return false
    this.words[value >>> 5] = (this.words[value >>> 5] ?? 0) | (1 << (value & 31))
    return true
  }

  /** Those that are in it, ascending. */
  *members(): Generator<number> {
    for (const [index, word] of this.words.entries()) {
      if (word === 0) continue
      for (let bit = 0; bit < 32; bit++) if ((word & (1 << bit)) !== 0) yield index * 32 + bit
    }
  }

  /** Those below the limit that are not in it, ascending. */
  *absent(): Generator<number> {
    for (const [index, word] of this.words.entries()) {
      if (word === 0xffff_ffff) continue
      for (let value = index * 32; value < Math.min(this.limit, (index + 1) * 32); value++)
        if (!this.has(value)) yield value
    }
  }
}
