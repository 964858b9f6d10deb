import { expect, test } from 'vitest'
import { formatRatio, formatValue } from './format-value.ts'

test.each([
  [12.345, '12.3 ns'],
  [999, '999 ns'],
  [1000, '1.00 µs'],
  [45_678, '45.7 µs'],
  [1_234_567, '1.23 ms'],
  [59_000_000_000, '59.0 s'],
  [4_321_000_000_000, '4321 s'],
])('%d ns', (value, text) => {
  expect(formatValue(value, 'ns')).toBe(text)
})

test('memory', () => {
  expect(formatValue(76.54, 'MiB')).toBe('76.5 MiB')
})

test.each([
  [0.0456, '0.046'],
  [0.1, '0.10'],
  [12.345, '12.35'],
])('ratio %d', (ratio, text) => {
  expect(formatRatio(ratio)).toBe(text)
})
