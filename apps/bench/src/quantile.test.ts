import { expect, test } from 'vitest'
import { median, quantile } from './quantile.ts'

const SHUFFLED = [30, 100, 20, 10, 9]

test('the median has as many values below it as above', () => {
  expect(median(SHUFFLED)).toBe(20)
})

test('of an even number of values the lower one of the middle is the median', () => {
  expect(median([4, 1, 3, 2])).toBe(2)
})

test.each([
  [0, 9],
  [0.1, 9],
  [0.2, 9],
  [0.21, 10],
  [0.9, 100],
  [1, 100],
])('quantile %d', (part, value) => {
  expect(quantile(SHUFFLED, part)).toBe(value)
})

test('values stay in their order', () => {
  const values = [...SHUFFLED]
  quantile(values, 0.5)
  expect(values).toEqual(SHUFFLED)
})

test('no values have no quantile', () => {
  expect(() => quantile([], 0.5)).toThrow(RangeError)
})
