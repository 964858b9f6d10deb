import fc from 'fast-check'
import { expect, test } from 'vitest'
import { historyProblem, type HistoryEvent } from './history.test-support.ts'

const write = (value: number, start: number, end: number): HistoryEvent => ({
  kind: 'write',
  value,
  start,
  end,
})
const read = (value: number, start: number, end: number): HistoryEvent => ({
  kind: 'read',
  value,
  start,
  end,
})

test.each<[string, HistoryEvent[]]>([
  ['a read of what was never written', [write(1, 0, 1), read(2, 2, 3)]],
  ['a read before its write', [write(1, 5, 6), read(1, 2, 3)]],
  ['a read of the old value after the new one', [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)]],
  [
    'two readers that see two writes in different orders',
    [write(1, 0, 9), write(2, 0, 9), read(1, 10, 11), read(2, 12, 13), read(1, 14, 15)],
  ],
  [
    'a write between two reads of another value',
    [write(1, 0, 1), read(1, 6, 7), write(2, 2, 3), read(2, 4, 5)],
  ],
])('%s is found', (_, events) => {
  expect(historyProblem(events)).toBeDefined()
})

/** Tries all orders: slow, and plainly right. */
function canHaveHappened(events: readonly HistoryEvent[], current?: number): boolean {
  if (events.length === 0) return true
  const firstEnd = Math.min(...events.map((event) => event.end))
  return events.some((event, index) => {
    if (event.start > firstEnd) return false
    if (event.kind === 'read' && event.value !== current) return false
    return canHaveHappened(events.toSpliced(index, 1), event.value)
  })
}

test('it agrees with the trial of all orders', () => {
  const operation = fc.record({
    kind: fc.constantFrom<('read' | 'write')[]>('read', 'write'),
    value: fc.nat(3),
    times: fc.tuple(fc.nat(20), fc.nat(20)),
  })
  let possible = 0
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 7 }), (operations) => {
      const events: HistoryEvent[] = []
      for (const [index, { kind, value, times }] of operations.entries()) {
        if (kind === 'write' && events.some((event) => event.kind === 'write' && event.value === value))
          continue
        // No two moments of the clock are the same.
        const [start, end] = times
          .map((time, side) => time * 100 + index * 2 + side)
          .toSorted((a, b) => a - b)
        events.push({ kind, value, start: start ?? 0, end: end ?? 0 })
      }
      const expected = canHaveHappened(events)
      if (expected) possible++
      expect(historyProblem(events) === undefined).toBe(expected)
    }),
    { numRuns: 3000 },
  )
  expect(possible).toBeGreaterThan(100)
})
