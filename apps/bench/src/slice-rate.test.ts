import { expect, test } from 'vitest'
import { rateOf } from './slice-rate.ts'

const MS = 1_000_000n

test('operations of one thread, a second', () => {
  expect(rateOf([{ operations: 50, startNs: 100n * MS, endNs: 350n * MS }])).toBe(200)
})

test('threads that do not overlap wholly are counted over all their time', () => {
  const early = { operations: 30, startNs: 0n, endNs: 200n * MS }
  const late = { operations: 20, startNs: 100n * MS, endNs: 500n * MS }
  expect(rateOf([early, late])).toBe(100)
  expect(rateOf([late, early])).toBe(100)
})
