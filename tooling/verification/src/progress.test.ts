import { expect, test } from 'vitest'
import { powerOfTen } from './progress.ts'

test.each([
  [0n, '0'],
  [123_456_789n, '123,456,789'],
  [1_234_567_890n, '1.2 × 10^9'],
  [2n ** 64n, '1.8 × 10^19'],
])('%i is written %s', (number, written) => {
  expect(powerOfTen(number)).toBe(written)
})
