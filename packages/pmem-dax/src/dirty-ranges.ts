/** The most ranges that are told apart. A BTT stores far fewer between two flushes. */
const MOST_RANGES = 16

interface Range {
  from: number
  to: number
}

const distance = (range: Range, from: number, to: number): number =>
  Math.max(0, from - range.to, range.from - to)

/**
 * What was stored and not persisted yet: a few ranges that cover all of it, and perhaps more. Where there are too many, a new one is merged with its
 * nearest, with what lies between: to persist what is clean is allowed.
 */
export class DirtyRanges {
  private readonly ranges: Range[] = []

  add(from: number, to: number): void {
    if (from === to) return
    const nearest = this.nearestTo(from, to)
    const merges =
      nearest !== undefined && (this.ranges.length === MOST_RANGES || distance(nearest, from, to) === 0)
    if (!merges) {
      this.ranges.push({ from, to })
      return
    }
    nearest.from = Math.min(nearest.from, from)
    nearest.to = Math.max(nearest.to, to)
  }

  /** Forgets the ranges that lie within this one. */
  remove(from: number, to: number): void {
    for (let index = this.ranges.length - 1; index >= 0; index--) {
      const range = this.ranges[index]
      if (range !== undefined && from <= range.from && range.to <= to) this.ranges.splice(index, 1)
    }
  }

  list(): readonly Readonly<Range>[] {
    return this.ranges
  }

  clear(): void {
    this.ranges.length = 0
  }

  private nearestTo(from: number, to: number): Range | undefined {
    let nearest: Range | undefined
    for (const range of this.ranges) {
      if (nearest === undefined || distance(range, from, to) < distance(nearest, from, to)) nearest = range
    }
    return nearest
  }
}
