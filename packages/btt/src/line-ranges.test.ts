import { expect, test } from 'vitest'
import { LineRanges } from './line-ranges.ts'

const listed = (...ranges: [number, number][]): number[][] => {
  const lines = new LineRanges()
  for (const [offset, length] of ranges) lines.add(offset, length)
  return lines.list.map(({ offset, length }) => [offset, length])
}

test.each<[string, [number, number][], number[][]]>([
  [
    'in one line',
    [
      [0, 8],
      [40, 8],
    ],
    [[0, 48]],
  ],
  [
    'in neighbouring lines',
    [
      [16, 16],
      [64 + 32, 16],
      [128, 16],
    ],
    [[16, 128]],
  ],
  [
    'that overlap',
    [
      [0, 100],
      [50, 10],
    ],
    [[0, 100]],
  ],
  [
    'with a line between them',
    [
      [0, 64],
      [128, 8],
    ],
    [
      [0, 64],
      [128, 8],
    ],
  ],
  [
    'that go back',
    [
      [640, 8],
      [0, 8],
      [8, 8],
    ],
    [
      [640, 8],
      [0, 16],
    ],
  ],
])('ranges %s', (_what, ranges, expected) => {
  expect(listed(...ranges)).toEqual(expected)
})
