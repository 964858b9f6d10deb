import { expect, test } from 'vitest'
import { delaysOf, type FlushDelay } from './flush-delay.ts'
import { SleepingFlushProvider } from './index.ts'
import { MemoryProvider } from '@bttkit/pmem-memory'

function firstDelays(delay: FlushDelay, count = 200): number[] {
  const next = delaysOf(delay)
  return Array.from({ length: count }, next)
}

test('a fixed delay is always the same', () => {
  expect(new Set(firstDelays(7))).toEqual(new Set([7]))
})

test('a range gives each of its whole milliseconds, both ends included, and no other', () => {
  expect(new Set(firstDelays({ fromMs: 3, toMs: 6 }))).toEqual(new Set([3, 4, 5, 6]))
})

test('no time of a range is much likelier than another', () => {
  const counts = new Map<number, number>()
  for (const delay of firstDelays({ fromMs: 0, toMs: 9, seed: 5 }, 10_000)) {
    counts.set(delay, (counts.get(delay) ?? 0) + 1)
  }
  for (const count of counts.values()) expect(count).toSatisfy((it: number) => it > 850 && it < 1150)
})

test('one seed gives one sequence, and another seed another', () => {
  const range = { fromMs: 0, toMs: 1000 }
  expect(firstDelays({ ...range, seed: 7 })).toEqual(firstDelays({ ...range, seed: 7 }))
  expect(firstDelays({ ...range, seed: 7 })).not.toEqual(firstDelays({ ...range, seed: 8 }))
  expect(firstDelays(range)).toEqual(firstDelays({ ...range, seed: 1 }))
})

test.each([
  { fromMs: 5, toMs: 4 },
  { fromMs: -1, toMs: 4 },
  { fromMs: 0, toMs: 2 ** 31 },
  { fromMs: 0.5, toMs: 4 },
  { fromMs: 0, toMs: 4, seed: -1 },
  { fromMs: 0, toMs: 4, seed: 2 ** 32 },
])('a delay of %o is misuse', (flushDelayMs) => {
  expect(() => new SleepingFlushProvider(new MemoryProvider({ size: 8 }), { flushDelayMs })).toThrow(
    TypeError,
  )
})
