import type { ByteRange } from '@bttkit/interfaces'

/** The same bytes, in order and apart: ranges that touch or overlap become one. None of them may be empty. */
export function mergedRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: ByteRange[] = []
  for (const range of ranges.toSorted((a, b) => a.offset - b.offset)) {
    const last = merged.at(-1)
    if (last === undefined || range.offset > last.offset + last.length) {
      merged.push(range)
      continue
    }
    const end = Math.max(last.offset + last.length, range.offset + range.length)
    merged[merged.length - 1] = { offset: last.offset, length: end - last.offset }
  }
  return merged
}

/** What of the ranges lies from `start` on to before `end`, in their order. */
export function clippedRanges(ranges: readonly ByteRange[], start: number, end: number): ByteRange[] {
  return ranges
    .map(({ offset, length }) => ({ from: Math.max(offset, start), to: Math.min(offset + length, end) }))
    .filter(({ from, to }) => from < to)
    .map(({ from, to }) => ({ offset: from, length: to - from }))
}
