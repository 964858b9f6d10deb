import { expect, test } from 'vitest'
import { BttEngine } from '@bttkit/btt'
import { partsWith } from '@bttkit/checker-lanes'
import type { Engine } from '@bttkit/interfaces'
import { checkOverlapping, replayOverlapping, type CrashOperation } from './index.ts'
import { engine, smallImage, withoutFlushOf } from './crash-check.test-support.ts'

const image = smallImage(512)
const write = (lba: number, value: number, count = 1): CrashOperation => ({
  kind: 'write',
  lba,
  count,
  value,
})
const part: CrashOperation = { kind: 'write-bytes', offset: 33 * 512 + 100, length: 50, value: 3 }

const PROGRAMS: [string, CrashOperation[][]][] = [
  ['two writes of one sector', [[write(33, 1)], [write(33, 2)]]],
  ['writes of neighbours', [[write(33, 1)], [write(34, 2)]]],
  ['a write and a zeroing', [[write(33, 1)], [{ kind: 'zero', lba: 33, count: 2 }]]],
  ['a write and one of a part', [[write(33, 1)], [part]]],
]

test.each(PROGRAMS)('px86 and buffered: %s survive, with two preemptions', async (_, tasks) => {
  for (const model of ['px86', 'buffered'] as const) {
    const result = await checkOverlapping({ engine, image, model, tasks })
    expect(result).toMatchObject({ violation: undefined, isExhaustive: true })
    expect(result.points).toBeGreaterThan(result.schedules / 10)
  }
})

test('without preemptions two tasks have two schedules, with a moment after each store and at each end', async () => {
  const tasks = [[write(33, 1)], [write(60, 2)]]
  const result = await checkOverlapping({ engine, image, model: 'strict', tasks, maxPreemptions: 0 })
  // Data, two halves, map entry and the end, twice, in two orders; one state each.
  expect(result).toMatchObject({ schedules: 2, points: 20, classes: 20, states: 20n, isExhaustive: true })
})

/** Locks nothing. */
const withoutMapLocks: Engine = new BttEngine({
  ...partsWith('mutex'),
  lockTable: () => ({ lockCount: 4, tryAcquire: () => true, *acquire() {}, release: () => {} }),
})

test.each([
  ['that leaves out the flush of data', withoutFlushOf('data')],
  ['without map locks', withoutMapLocks],
])('an engine %s is found, and seen again', async (_, wrong) => {
  const options = {
    engine: wrong,
    image,
    model: 'px86' as const,
    tasks: [[write(33, 1)], [write(33, 2)]],
    limit: 20,
  }
  const { violation } = await checkOverlapping(options)
  expect(violation).toBeDefined()
  expect(replayOverlapping(options, violation?.schedule ?? '')).toBe(violation?.problem)
})
