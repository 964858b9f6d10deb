/** A set of whole numbers below a limit, one bit each. */
export class Bitmap {
  private readonly limit: number
  /** Signed: words of 32 unsigned bits would be boxed, one by one. */
  private readonly words: Int32Array

  constructor(limit: number) {
    this.limit = limit
    this.words = new Int32Array(Math.ceil(limit / 32))
  }

  has(value: number): boolean {
    return ((this.words[value >>> 5] ?? 0) & (1 << (value & 31))) !== 0
  }

  /** False when it was there. */
  add(value: number): boolean {
    const index = value >>> 5
    const word = this.words[index] ?? 0
    const bit = 1 << (value & 31)
    if ((word & bit) !== 0) return false
    this.words[index] = word | bit
    return true
  }

  /** Adds the numbers from `start` to `end` - 1, 32 at a time; calls back, in order, for those that were there. */
  addRange(start: number, end: number, wasThere: (value: number) => void): void {
    for (let from = start; from < end;) {
      const index = Math.floor(from / 32)
      const to = Math.min(end, (index + 1) * 32)
      const word = this.words[index] ?? 0
      const bits = bitsBelow(to - index * 32) & ~bitsBelow(from - index * 32)
      if ((word & bits) !== 0)
        for (let value = from; value < to; value++) if (this.has(value)) wasThere(value)
      this.words[index] = word | bits
      from = to
    }
  }

  /** How many of the numbers below the limit are not in it. */
  countAbsent(): number {
    let absent = this.limit
    for (const word of this.words) absent -= bitCount(word)
    return absent
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
      if (word === -1) continue
      for (let value = index * 32; value < Math.min(this.limit, (index + 1) * 32); value++)
        if (!this.has(value)) yield value
    }
  }
}

/** The lowest `count` bits of a word, of which it has 32. */
function bitsBelow(count: number): number {
  return count === 32 ? -1 : (1 << count) - 1
}

/** The number of ones: pairs of bits are added up, then groups of four, then of eight. */
function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555)
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333)
  const bytes = (fours + (fours >>> 4)) & 0x0f0f_0f0f
  return Math.imul(bytes, 0x0101_0101) >>> 24
}
