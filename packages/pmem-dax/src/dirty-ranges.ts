/** The most ranges that are told apart. A BTT stores far fewer between two flushes. */
const MOST_RANGES = 16

/** What the processor writes back at once. */
const LINE_BYTES = 64

/** Where the line of the last byte before this one ends. */
function lineEnd(end: number): number {
  return Math.ceil(end / LINE_BYTES) * LINE_BYTES
}

/**
 * What was stored and not persisted yet: a few ranges that cover all of it, and perhaps more.
 *
 * Every write comes by here, so the ranges lie in arrays of numbers, in no order, and nothing is allocated.
 */
export class DirtyRanges {
  private readonly from = new Float64Array(MOST_RANGES)
  private readonly to = new Float64Array(MOST_RANGES)
  private count = 0

  /**
   * Adds a range, alone or to one whose last or first line is the same or next to its own: no line lies between.
   *
   * @returns false where it is not added, because there are too many apart from it
   */
  tryAdd(from: number, to: number): boolean {
    if (from === to) return true
    // Mostly it is the last one that is met: no other has to be looked at.
    const last = this.count - 1
    if (this.count > 0 && this.takes(last, from, to)) {
      this.widen(last, from, to)
      return true
    }
    const nearest = this.nearestTo(from, to)
    if (nearest !== undefined && this.takes(nearest, from, to)) {
      this.widen(nearest, from, to)
      return true
    }
    if (this.count === MOST_RANGES) return false
    this.from[this.count] = from
    this.to[this.count] = to
    this.count++
    return true
  }

  /** Adds a range; where there are too many, to the nearest, with what lies between. */
  add(from: number, to: number): void {
    if (this.tryAdd(from, to)) return
    const nearest = this.nearestTo(from, to)
    if (nearest !== undefined) this.widen(nearest, from, to)
  }

  /** Forgets what lies within this range; but of one that goes on at both sides nothing. */
  remove(from: number, to: number): void {
    for (let index = this.count - 1; index >= 0; index--) {
      const [start, end] = [this.fromOf(index), this.toOf(index)]
      if (from <= start) {
        if (end <= to) this.removeAt(index)
        else if (start < to) this.from[index] = to
      } else if (from < end && end <= to) this.to[index] = from
    }
  }

  /** Whether something of the range may be in it. */
  meets(from: number, to: number): boolean {
    for (let index = 0; index < this.count; index++) {
      if (this.fromOf(index) < to && from < this.toOf(index)) return true
    }
    return false
  }

  forEach(visit: (from: number, to: number) => void): void {
    for (let index = 0; index < this.count; index++) visit(this.fromOf(index), this.toOf(index))
  }

  clear(): void {
    this.count = 0
  }

  private fromOf(index: number): number {
    return this.from[index] ?? 0
  }

  private toOf(index: number): number {
    return this.to[index] ?? 0
  }

  private widen(index: number, from: number, to: number): void {
    this.from[index] = Math.min(this.fromOf(index), from)
    this.to[index] = Math.max(this.toOf(index), to)
  }

  /** Puts the last one in its place. */
  private removeAt(index: number): void {
    this.count--
    this.from[index] = this.fromOf(this.count)
    this.to[index] = this.toOf(this.count)
  }

  private distance(index: number, from: number, to: number): number {
    return Math.max(0, from - this.toOf(index), this.fromOf(index) - to)
  }

  /** Whether a range becomes one with this one: no line lies between them. */
  private takes(index: number, from: number, to: number): boolean {
    const start = this.fromOf(index)
    const end = this.toOf(index)
    // Mostly it goes on where the range ends, and no line has to be worked out.
    if (start <= from && from < end + LINE_BYTES) return true
    return from < lineEnd(end) + LINE_BYTES && start < lineEnd(to) + LINE_BYTES
  }

  private nearestTo(from: number, to: number): number | undefined {
    let nearest: number | undefined
    for (let index = 0; index < this.count; index++) {
      if (nearest === undefined || this.distance(index, from, to) < this.distance(nearest, from, to)) {
        nearest = index
      }
    }
    return nearest
  }
}
