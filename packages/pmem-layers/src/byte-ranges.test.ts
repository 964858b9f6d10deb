import { expect, test } from 'vitest'
import type { ByteRange } from '@bttkit/interfaces'
import { clippedRanges, mergedRanges } from './byte-ranges.ts'

/** Ranges as pairs of their first byte and the one after their last. */
const ranges = (...pairs: [number, number][]): ByteRange[] =>
  pairs.map(([start, end]) => ({ offset: start, length: end - start }))

test.each([
  ['apart stay apart, and come in order', ranges([20, 30], [0, 10]), ranges([0, 10], [20, 30])],
  ['that touch are one', ranges([0, 10], [10, 20]), ranges([0, 20])],
  ['that overlap are one', ranges([0, 10], [5, 20]), ranges([0, 20])],
  ['within another are part of it', ranges([0, 20], [5, 10]), ranges([0, 20])],
  ['that one joins are one', ranges([0, 10], [20, 30], [5, 25]), ranges([0, 30])],
])('ranges %s', (_, given, expected) => {
  expect(mergedRanges(given)).toEqual(expected)
})

test.each([
  [0, 40, ranges([0, 10], [20, 30])],
  [5, 25, ranges([5, 10], [20, 25])],
  [10, 20, []],
  [22, 23, ranges([22, 23])],
])('of 0 to 10 and 20 to 30, clipped to %d and %d, remains %o', (start, end, expected) => {
  expect(clippedRanges(ranges([0, 10], [20, 30]), start, end)).toEqual(expected)
})
