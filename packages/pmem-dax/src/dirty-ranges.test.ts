import { expect, test } from 'vitest'
import { DirtyRanges } from './dirty-ranges.ts'

function listed(dirty: DirtyRanges): [number, number][] {
  const ranges: [number, number][] = []
  dirty.forEach((from, to) => ranges.push([from, to]))
  return ranges.toSorted(([first], [second]) => first - second)
}

function withRanges(...ranges: [number, number][]): DirtyRanges {
  const dirty = new DirtyRanges()
  for (const [from, to] of ranges) dirty.add(from, to)
  return dirty
}

test('ranges that meet or overlap are one', () => {
  expect(listed(withRanges([10, 20], [20, 30], [5, 12]))).toEqual([[5, 30]])
})

test('ranges with a line between them stay apart', () => {
  expect(listed(withRanges([0, 4], [128, 132]))).toEqual([
    [0, 4],
    [128, 132],
  ])
})

test('ranges in one line, or in neighbouring lines, are one', () => {
  expect(listed(withRanges([0, 4], [8, 12], [127, 128]))).toEqual([[0, 128]])
  expect(listed(withRanges([192, 200], [128, 129], [64, 65]))).toEqual([[64, 200]])
})

test('an empty range is none', () => {
  expect(listed(withRanges([7, 7]))).toEqual([])
})

test('many ranges are covered by a few', () => {
  const dirty = new DirtyRanges()
  for (let at = 0; at < 1000; at++) dirty.add(at * 100, at * 100 + 10)
  const ranges = listed(dirty)
  expect(ranges.length).toBeLessThanOrEqual(16)
  for (let at = 0; at < 1000; at++) {
    const covered = ranges.some(([from, to]) => from <= at * 100 && at * 100 + 10 <= to)
    expect(covered, `range ${at}`).toBe(true)
  }
})

test('the one beyond the most goes to its nearest', () => {
  const dirty = new DirtyRanges()
  for (let at = 0; at < 16; at++) dirty.add(at * 1000, at * 1000 + 10)
  dirty.add(3100, 3110)
  expect(listed(dirty)).toContainEqual([3000, 3110])
})

test('where there are too many, only what is next to one can be added without what lies between', () => {
  const dirty = new DirtyRanges()
  for (let at = 0; at < 16; at++) expect(dirty.tryAdd(at * 1000, at * 1000 + 10)).toBe(true)
  const before = listed(dirty)
  expect(dirty.tryAdd(3200, 3210)).toBe(false)
  expect(listed(dirty)).toEqual(before)
  expect(dirty.tryAdd(3010, 3210)).toBe(true)
  expect(listed(dirty)).toContainEqual([3000, 3210])
})

// Line 50 ends before byte 3264, line 48 begins with byte 3072.
test.each([
  [3263, true],
  [3264, false],
  [3072 - 64 - 1, false],
  [3072 - 64, true],
])('where there are too many, one of the next line can be added: byte %i, %s', (byte, isAdded) => {
  const dirty = new DirtyRanges()
  for (let at = 0; at < 15; at++) dirty.add(at * 10_000, at * 10_000 + 10)
  dirty.add(3080, 3190)
  expect(dirty.tryAdd(byte, byte + 1)).toBe(isAdded)
})

test.each<[string, [number, number], [number, number][]]>([
  ['all of it', [1000, 2000], []],
  ['more than all of it', [900, 2100], []],
  ['its beginning', [900, 1500], [[1500, 2000]]],
  ['its end', [1500, 2000], [[1000, 1500]]],
  ['its middle, of which nothing is forgotten', [1100, 1900], [[1000, 2000]]],
  ['what is before it', [900, 1000], [[1000, 2000]]],
  ['what is behind it', [2000, 2100], [[1000, 2000]]],
])('of a range is removed %s', (_what, [from, to], left) => {
  const dirty = withRanges([0, 10], [1000, 2000], [5000, 5010])
  dirty.remove(from, to)
  expect(listed(dirty)).toEqual([[0, 10], ...left, [5000, 5010]])
})

test.each([
  [0, 10, false],
  [9, 11, true],
  [19, 40, true],
  [20, 40, false],
])('whether it meets the bytes from %i to %i: %s', (from, to, meets) => {
  expect(withRanges([10, 20]).meets(from, to)).toBe(meets)
})

/** Whole numbers below a limit, the same ones each time: a linear congruence. */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

test('whatever is added and removed, what is dirty is covered', () => {
  const below = numbers(1)
  for (let history = 0; history < 300; history++) {
    const dirty = new DirtyRanges()
    const bytes = new Set<number>()
    for (let step = 0; step < 60; step++) {
      const from = below(400)
      const to = from + below(30)
      const kind = below(4)
      const isAdded = kind === 0 ? dirty.tryAdd(from, to) : kind !== 1
      if (kind === 1) dirty.remove(from, to + 40)
      else if (kind > 1) dirty.add(from, to)
      for (let byte = from; byte < to + (kind === 1 ? 40 : 0); byte++) {
        if (kind === 1) bytes.delete(byte)
        else if (isAdded) bytes.add(byte)
      }
      const ranges = listed(dirty)
      const lost = [...bytes].filter((byte) => !ranges.some(([start, end]) => start <= byte && byte < end))
      expect(lost, `after step ${step} of history ${history}`).toEqual([])
    }
  }
})
