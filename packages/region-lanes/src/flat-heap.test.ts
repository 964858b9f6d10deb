import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import { runAtomic } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { MutexLaneTable } from './index.ts'

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

function heapBytes(): number {
  if (typeof collect !== 'function') throw new Error('this Node.js cannot collect garbage on demand')
  collect()
  return process.memoryUsage().heapUsed
}

const COUNT = 1_000_000

function takeLanes(lanes: MutexLaneTable, count: number): void {
  for (let i = 0; i < count; i++) {
    lanes.release(runAtomic(lanes.acquire(i)))
    const lane = lanes.tryAcquire(i)
    if (lane !== undefined) lanes.release(lane)
  }
}

// In a loop that never lets the event loop turn, each promise and each continuation would stay: async-mutex alone leaves 1.5 KB an
// operation, which is 1.5 GB here. A single word an operation would already be 8 MB.
test('a million uncontended acquisitions in one turn of the event loop leave nothing in the heap', () => {
  const lanes = new MutexLaneTable(new Int32Array(8), 'first-idle')
  takeLanes(lanes, 10_000)
  const before = heapBytes()
  takeLanes(lanes, COUNT)
  expect(heapBytes() - before).toBeLessThan(2 * 2 ** 20)
  expect(lanes.heldCount()).toBe(0)
})

test('the measure sees what a promise an operation leaves', () => {
  const kept: Promise<void>[] = []
  const before = heapBytes()
  for (let i = 0; i < COUNT / 10; i++) kept.push(Promise.resolve())
  expect(heapBytes() - before).toBeGreaterThan(2 * 2 ** 20)
  expect(kept).toHaveLength(COUNT / 10)
})
