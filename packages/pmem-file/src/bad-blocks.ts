import type { ByteRange } from '@bttkit/interfaces'

/** In what units a medium goes bad and is made good. */
const UNIT_BYTES = 512

/** What remains of a range without the bytes from `from` to `to`. */
function without({ offset, length }: ByteRange, from: number, to: number): ByteRange[] {
  const end = offset + length
  if (to <= offset || from >= end) return [{ offset, length }]
  return [
    ...(offset < from ? [{ offset, length: from - offset }] : []),
    ...(to < end ? [{ offset: to, length: end - to }] : []),
  ]
}

/** The ranges of a block device of which the kernel knew at the opening that they are lost, but for what was written since. */
export class BadBlocks {
  private ranges: readonly ByteRange[]

  constructor(ranges: readonly ByteRange[]) {
    this.ranges = ranges
  }

  list(): readonly ByteRange[] {
    return this.ranges
  }

  /** A write has covered this range: the units that lie in it are good again. */
  written(offset: number, length: number): void {
    if (this.ranges.length === 0) return
    const from = Math.ceil(offset / UNIT_BYTES) * UNIT_BYTES
    const to = Math.floor((offset + length) / UNIT_BYTES) * UNIT_BYTES
    if (from < to) this.ranges = this.ranges.flatMap((range) => without(range, from, to))
  }
}
