import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findContradiction, type RegisterOperation } from './linearizability.ts'

type Operation = RegisterOperation<number>
const INITIAL = 0

const write = (value: number, start: number, end: number): Operation => ({ kind: 'write', value, start, end })
const read = (value: number, start: number, end: number): Operation => ({ kind: 'read', value, start, end })

/** The definition, word for word: some order of all operations that ended, and of some that did not. */
function isLinearizable(pending: readonly Operation[], value = INITIAL): boolean {
  if (pending.every((operation) => operation.end === Infinity)) return true
  return pending.some((next) => {
    const others = pending.filter((operation) => operation !== next)
    if (others.some((other) => other.end < next.start)) return false
    if (next.kind === 'write') return isLinearizable(others, next.value)
    return (next.value === value || next.end === Infinity) && isLinearizable(others, value)
  })
}

const isExplained = (history: Operation[]): boolean => findContradiction(history, INITIAL) === undefined

/** Times are few, so that many are equal. The n-th write writes n; a read returns anything, mostly what is written somewhere. */
const histories = fc
  .array(
    fc.record({
      isWrite: fc.boolean(),
      start: fc.nat(12),
      length: fc.oneof({ weight: 6, arbitrary: fc.nat(6) }, { weight: 1, arbitrary: fc.constant(Infinity) }),
      seen: fc.nat(3),
    }),
    { maxLength: 7 },
  )
  .map((drafts) => {
    let written = 0
    return drafts.map(({ isWrite, start, length, seen }) =>
      isWrite ? write(++written, start, start + length) : read(seen, start, start + length),
    )
  })

test('the verdict is that of trying every order', () => {
  const verdicts = { linearizable: 0, not: 0 }
  fc.assert(
    fc.property(histories, (history) => {
      const expected = isLinearizable(history)
      verdicts[expected ? 'linearizable' : 'not']++
      expect(isExplained(history)).toBe(expected)
    }),
    { numRuns: 5000 },
  )
  // Neither answer alone would pass.
  expect(Math.min(verdicts.linearizable, verdicts.not)).toBeGreaterThan(200)
})

test('of two operations that are named the first ended before the second started, and they are not a write and what it led to', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const [earlier, later] = findContradiction(history, INITIAL)?.operations ?? []
      if (earlier === undefined || later === undefined) return
      expect(earlier.end).toBeLessThan(later.start)
      expect(earlier.value === later.value && later.kind === 'read').toBe(false)
    }),
    { numRuns: 2000 },
  )
})

/** Operations that did happen one at a time: `at` is the moment of each, and they may have started before it and ended after. */
const executions = fc.array(fc.record({ isWrite: fc.boolean(), before: fc.nat(50), after: fc.nat(50) }), {
  minLength: 1,
  maxLength: 300,
})

test('what happened one at a time is linearizable', () => {
  fc.assert(
    fc.property(executions, (steps) => {
      let value = INITIAL
      const history = steps.map(({ isWrite, before, after }, step) => {
        const at = 10 * step
        if (isWrite) value = step + 1
        return {
          kind: isWrite ? ('write' as const) : ('read' as const),
          value,
          start: at - before,
          end: at + after,
        }
      })
      expect(findContradiction(history, INITIAL)).toBeUndefined()
    }),
  )
})

describe('what is told', () => {
  test('a stale read', () => {
    const stale = read(1, 50, 60)
    const fresh = write(2, 30, 40)
    expect(findContradiction([write(1, 10, 20), fresh, stale], INITIAL)).toEqual({
      operations: [fresh, stale],
      problem:
        'the read of 1 (50 to 60) started after the write of 2 (30 to 40) had ended, and yet the write of 1 (10 to 20) had ended before the write of 2 (30 to 40) started',
    })
  })

  test('a read of the initial value after a write', () => {
    const contradiction = findContradiction([write(1, 10, 20), read(0, 30, 40)], INITIAL)
    expect(contradiction?.operations).toEqual([write(1, 10, 20), read(0, 30, 40)])
    expect(contradiction?.problem).toContain('the initial value 0 had ended before the write of 1')
  })

  test('a read of what was written later', () => {
    const contradiction = findContradiction([read(1, 10, 20), write(1, 30, 40)], INITIAL)
    expect(contradiction?.problem).toBe(
      'the read of 1 (10 to 20) ended before the write of 1 (30 to 40) started',
    )
  })

  test('a read of what nobody wrote', () => {
    const contradiction = findContradiction([read(9, 10, 20)], INITIAL)
    expect(contradiction).toEqual({
      operations: [read(9, 10, 20)],
      problem: 'the read of 9 (10 to 20) returned a value that nobody wrote',
    })
  })

  test('two readers that disagree on the order of two writes', () => {
    const history = [write(1, 0, 100), write(2, 0, 100), read(1, 10, 20), read(2, 30, 40), read(1, 50, 60)]
    expect(findContradiction(history, INITIAL)?.operations).toEqual([read(2, 30, 40), read(1, 50, 60)])
  })
})

describe('a write that never ended', () => {
  test('may have taken effect long after its start', () => {
    expect(isExplained([write(1, 0, Infinity), read(0, 10, 20), read(1, 30, 40)])).toBe(true)
  })

  test('may never take effect', () => {
    expect(isExplained([write(1, 0, Infinity), read(0, 10, 20)])).toBe(true)
  })

  test('does not come and go', () => {
    expect(isExplained([write(1, 0, Infinity), read(1, 10, 20), read(0, 30, 40)])).toBe(false)
  })
})

test('operations that touch in one moment are concurrent', () => {
  expect(isExplained([write(1, 10, 20), read(0, 20, 30)])).toBe(true)
  expect(isExplained([write(1, 10, 20), read(0, 20.5, 30)])).toBe(false)
})

test('values may be of any kind', () => {
  const history: RegisterOperation<string>[] = [
    { kind: 'write', value: 'a', start: 1, end: 2 },
    { kind: 'read', value: 'none', start: 3, end: 4 },
  ]
  expect(findContradiction(history, 'none')?.operations).toHaveLength(2)
})

test('what it cannot judge is refused', () => {
  expect(() => findContradiction([write(1, 0, 1), write(1, 2, 3)], INITIAL)).toThrow('1 was written twice')
  expect(() => findContradiction([write(0, 0, 1)], INITIAL)).toThrow('0 was written twice')
  expect(() => findContradiction([read(0, 5, 4)], INITIAL)).toThrow('ends before it starts')
  expect(() => findContradiction([read(0, NaN, 4)], INITIAL)).toThrow(TypeError)
})

test('a long history: three hundred thousand operations, and the stale read among them', () => {
  const history: Operation[] = []
  for (let value = 1; value <= 100_000; value++) {
    const at = value * 10
    history.push(write(value, at, at + 8), read(value, at + 4, at + 12), read(value, at + 7, at + 9))
  }
  expect(findContradiction(history, INITIAL)).toBeUndefined()
  const stale = read(60_000, 700_000, 700_001)
  expect(findContradiction([...history, stale], INITIAL)?.operations.at(-1)).toEqual(stale)
})
