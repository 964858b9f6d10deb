import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import type { LaneTable } from '@bttkit/interfaces'
import { runAtomic } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { MeasuredLaneTable, MutexLaneTable } from './index.ts'

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

function heapBytes(): number {
  if (typeof collect !== 'function') throw new Error('this Node.js cannot collect garbage on demand')
  collect()
  return process.memoryUsage().heapUsed
}

const FLAT_BYTES = 2 * 2 ** 20
const LANES = 8
/** What the acquisitions may take on a machine that is busy; the test is not about time. */
const PATIENCE_MS = 120_000

/** Acquires `count` lanes, each second one by an operation; gives them back with and without their turns. */
function takeLanes(lanes: LaneTable, count: number): void {
  for (let i = 0; i < count; i += 2) {
    lanes.release(runAtomic(lanes.acquire(i)))
    const lane = lanes.tryAcquire(i)
    if (lane !== undefined) lanes.release(lane, lanes.turnOf(lane))
  }
}

// In a loop that never lets the event loop turn, each promise and each continuation would stay: async-mutex alone leaves 1.5 KB an
// operation, which is 15 GB here. A byte an operation would already be 10 MB.
test.each([
  { name: 'MutexLaneTable', count: 10_000_000, make: () => new MutexLaneTable(new Int32Array(LANES)) },
  {
    name: 'MeasuredLaneTable',
    count: 1_000_000,
    make: () =>
      new MeasuredLaneTable(
        new MutexLaneTable(new Int32Array(LANES)),
        new Float64Array(MeasuredLaneTable.numbersFor(LANES)),
      ),
  },
])(
  '$name: $count uncontended acquisitions in one turn of the event loop leave nothing in the heap',
  ({ count, make }) => {
    const lanes = make()
    takeLanes(lanes, 10_000)
    const before = heapBytes()
    takeLanes(lanes, count)
    expect(heapBytes() - before).toBeLessThan(FLAT_BYTES)
    expect(lanes.heldCount()).toBe(0)
  },
  PATIENCE_MS,
)

test('waiters that go away leave nothing in the queue of a lane that is never released', () => {
  const lanes = new MutexLaneTable(new Int32Array(1))
  lanes.tryAcquire(0)
  const { signal } = new AbortController()
  const come = (): void => {
    const waiter = lanes.acquire(0, { signal })
    waiter.next()
    waiter.return(0)
  }
  for (let i = 0; i < 1000; i++) come()
  const before = heapBytes()
  for (let i = 0; i < 100_000; i++) come()
  expect(heapBytes() - before).toBeLessThan(FLAT_BYTES)
})

test('the measure sees what a promise an operation leaves', () => {
  const kept: Promise<void>[] = []
  const before = heapBytes()
  for (let i = 0; i < 100_000; i++) kept.push(Promise.resolve())
  expect(heapBytes() - before).toBeGreaterThan(FLAT_BYTES)
  expect(kept).toHaveLength(100_000)
})
