import { expect, test } from 'vitest'
import { SeededRandom } from './seeded-random.ts'

const sequence = (seed: number, stream = 0, end = 1000): number[] => {
  const random = new SeededRandom(seed, stream)
  return Array.from({ length: 50 }, () => random.below(end))
}

test('a seed and a stream determine the numbers, also beyond 32 bits', () => {
  expect(sequence(5)).toEqual(sequence(5))
  const others = [sequence(6), sequence(5, 1), sequence(5 + 2 ** 32), sequence(0), sequence(0, 1)]
  expect(new Set([sequence(5), ...others].map(String)).size).toBe(6)
})

test('all numbers below the end come, about equally often, and no other', () => {
  const random = new SeededRandom(1)
  const counts = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 100_000; i++) {
    const number = random.below(10)
    counts[number] = (counts[number] ?? 0) + 1
  }
  expect(counts).toHaveLength(10)
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
})
