import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import type { LanePolicy } from '@bttkit/interfaces'
import { runAtomic } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { SharedLaneTable } from './index.ts'
import { place, sharedWords } from './threads.test-support.ts'

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
function takeLanes(lanes: SharedLaneTable, count: number): void {
  for (let i = 0; i < count; i += 2) {
    lanes.release(runAtomic(lanes.acquire(i)))
    const lane = lanes.tryAcquire(i)
    if (lane !== undefined) lanes.release(lane, lanes.turnOf(lane))
  }
}

// A single bit an operation would be 1.25 MB.
test.each<LanePolicy>(['static', 'first-idle'])(
  '%s: ten million uncontended acquisitions in one turn of the event loop leave nothing in the heap',
  (policy) => {
    const lanes = new SharedLaneTable(sharedWords(LANES + 1), { policy, thread: place() })
    takeLanes(lanes, 10_000)
    const before = heapBytes()
    takeLanes(lanes, 10_000_000)
    expect(heapBytes() - before).toBeLessThan(FLAT_BYTES)
    expect(lanes.heldCount()).toBe(0)
  },
  PATIENCE_MS,
)

test('the measure sees what a promise an operation leaves', () => {
  const kept: Promise<void>[] = []
  const before = heapBytes()
  for (let i = 0; i < 100_000; i++) kept.push(Promise.resolve())
  expect(heapBytes() - before).toBeGreaterThan(FLAT_BYTES)
  expect(kept).toHaveLength(100_000)
})
