/**
 * What operations that overlap may have seen and left, by half sectors: each of these is a register. Whoever looks finds what some change gave it, or zeros from the start, unless another change
 * of it lies between the two: begun after that one was over, and over before the look began.
 *
 * A power failure looks back to the flushes: before a write-back cache, what was over when a flush began that was over is durable, and later changes may be.
 */

/** From when to when something went on, in steps of all tasks; `Infinity` while it is under way. */
interface Span {
  readonly begun: number
  ended: number
}

interface Change extends Span {
  readonly halves: readonly number[]
  readonly value: number
}

export class HalfSectorHistory {
  private readonly changes: Change[] = []
  private readonly flushes: Span[] = []
  private now = 0

  /** To be called before each step of any task. */
  step(): void {
    this.now++
  }

  begin(): Span {
    return { begun: this.now, ended: Infinity }
  }

  beginFlush(): Span {
    const flush = this.begin()
    this.flushes.push(flush)
    return flush
  }

  beginChange(halves: readonly number[], value: number): Span {
    const change = { ...this.begin(), halves, value }
    this.changes.push(change)
    return change
  }

  end(span: Span): void {
    span.ended = this.now
  }

  /** What is wrong with a value of a half sector that was found within the span, in one sentence, or `undefined`. */
  problem(half: number, value: number, { begun, ended }: Span): string | undefined {
    const changes = this.changes.filter(({ halves }) => halves.includes(half))
    const start: Change = { begun: -1, ended: -1, halves: [half], value: 0 }
    const isExplained = [start, ...changes].some(
      (from) =>
        from.value === value &&
        from.begun <= ended &&
        !changes.some((between) => between.begun > from.ended && between.ended < begun),
    )
    return isExplained ? undefined : `half sector ${half} is ${value} in steps ${begun} to ${ended}`
  }

  /** As `problem`, of what a power failure at this moment has left. */
  problemAfterFailure(half: number, value: number): string | undefined {
    const flushed = this.flushes.filter(({ ended }) => ended < Infinity).map(({ begun }) => begun)
    const problem = this.problem(half, value, { begun: Math.max(-1, ...flushed), ended: this.now })
    return problem && `after a power failure ${problem}`
  }
}

/** The byte that all of these are; `undefined` where there are several. */
export function valueOf(bytes: Uint8Array): number | undefined {
  const [value] = bytes
  return bytes.every((byte) => byte === value) ? value : undefined
}
