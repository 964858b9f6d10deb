/**
 * What operations that overlap may have seen and left, by half sectors: each is a register. A read returns what some write gave it, or what it was at the start, unless another write of
 * it lies between the two: begun after that one was over, and over before the read began.
 */

export const HALF_BYTES = 256

/** When something began and was over, in steps; `Infinity` while it is under way. */
export interface Span {
  readonly begun: number
  ended: number
}

interface Writing extends Span {
  readonly halves: readonly number[]
  readonly value: number
}

export class History {
  private readonly writings: Writing[] = []
  private readonly flushes: Span[] = []
  private now = 0

  /** Each step of any task is one. */
  step(): void {
    this.now++
  }

  begin(): Span {
    return { begun: this.now, ended: Infinity }
  }

  end(span: Span): void {
    span.ended = this.now
  }

  beginWriting(halves: readonly number[], value: number): Span {
    const writing = { ...this.begin(), halves, value }
    this.writings.push(writing)
    return writing
  }

  beginFlush(): Span {
    const flush = this.begin()
    this.flushes.push(flush)
    return flush
  }

  /** What is wrong with a value of a half that was read within the span. */
  problem(half: number, value: number, { begun, ended }: Span): string | undefined {
    const writings = this.writings.filter(({ halves }) => halves.includes(half))
    const start: Writing = { begun: -1, ended: -1, halves: [half], value: 0 }
    const isExplained = [start, ...writings].some(
      (from) =>
        from.value === value &&
        from.begun <= ended &&
        !writings.some((between) => between.begun > from.ended && between.ended < begun),
    )
    return isExplained ? undefined : `half sector ${half} is ${value} at ${begun} to ${ended}`
  }

  /** What is wrong with a value that is left of a half after a crash at this moment: all that a flush was told of has to be there. */
  problemAfterCrash(half: number, value: number): string | undefined {
    const flushed = this.flushes.filter(({ ended }) => ended < Infinity).map(({ begun }) => begun)
    return this.problem(half, value, { begun: Math.max(-1, ...flushed), ended: this.now })
  }
}

/** The byte that a half sector is full of. @throws for a torn one */
export function valueOf(half: Uint8Array): number {
  const [value = 0] = half
  if (half.every((byte) => byte === value)) return value
  throw new Error('a half sector is torn')
}
