import { expect, test } from 'vitest'
import { DirtyRanges } from './dirty-ranges.ts'

const listed = (dirty: DirtyRanges): [number, number][] => dirty.list().map(({ from, to }) => [from, to])

function withRanges(...ranges: [number, number][]): DirtyRanges {
  const dirty = new DirtyRanges()
  for (const [from, to] of ranges) dirty.add(from, to)
  return dirty
}

test('ranges that meet or overlap are one', () => {
  expect(listed(withRanges([10, 20], [20, 30], [5, 12]))).toEqual([[5, 30]])
})

test('ranges apart stay apart', () => {
  expect(listed(withRanges([0, 4], [8, 12]))).toEqual([
    [0, 4],
    [8, 12],
  ])
})

test('an empty range is none', () => {
  expect(listed(withRanges([7, 7]))).toEqual([])
})

test('many ranges are covered by a few', () => {
  const dirty = new DirtyRanges()
  for (let at = 0; at < 1000; at++) dirty.add(at * 100, at * 100 + 10)
  expect(dirty.list().length).toBeLessThanOrEqual(16)
  for (let at = 0; at < 1000; at++) {
    const covered = dirty.list().some(({ from, to }) => from <= at * 100 && at * 100 + 10 <= to)
    expect(covered, `range ${at}`).toBe(true)
  }
})

test('the one beyond the most goes to its nearest', () => {
  const dirty = new DirtyRanges()
  for (let at = 0; at < 16; at++) dirty.add(at * 1000, at * 1000 + 10)
  dirty.add(3100, 3110)
  expect(listed(dirty)).toContainEqual([3000, 3110])
})

test('only ranges that lie within are removed', () => {
  const dirty = withRanges([0, 10], [20, 30], [40, 50])
  dirty.remove(5, 30)
  expect(listed(dirty)).toEqual([
    [0, 10],
    [40, 50],
  ])
})
