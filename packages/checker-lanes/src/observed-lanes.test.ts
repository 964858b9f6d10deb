import type { LaneTable } from '@bttkit/interfaces'
import { MutexLaneTable, SharedLaneTable } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import type { CurrentTask } from './current-task.ts'
import { LaneLog } from './lane-log.ts'
import { observeLanes } from './observed-lanes.ts'

function observed(make: (words: Int32Array) => LaneTable): {
  lanes: LaneTable
  current: CurrentTask
  log: LaneLog
} {
  const current: CurrentTask = { identity: undefined }
  const log = new LaneLog(new Int32Array(new SharedArrayBuffer(4 * LaneLog.wordsFor(8))))
  const words = new Int32Array(new SharedArrayBuffer(5 * 4))
  const lanes = observeLanes(make, current, log)(words, { policy: 'static' })
  return { lanes, current, log }
}

/** What a table marks its holds with that was made for no thread in particular. */
const ONLY_THREAD = 1

const mutexes = (words: Int32Array): LaneTable => new MutexLaneTable(words.subarray(0, -1), 'static')

test('the hint is the CPU of the task that runs; without one it is as given', () => {
  const { lanes, current } = observed(mutexes)
  expect(lanes.tryAcquire(1)).toBe(1)
  current.identity = { number: 0, cpu: 6, generation: 0 }
  expect(lanes.tryAcquire(1)).toBe(2)
})

test('a write finds its lane again, and a read leaves no trace', () => {
  const { lanes, current, log } = observed(mutexes)
  current.identity = { number: 7, cpu: 3, generation: 12 }
  lanes.release(lanes.tryAcquire(0) ?? -1)
  current.identity = { number: 7, cpu: 1, generation: 0 }
  lanes.tryAcquire(0)
  expect([log.laneOf(7, 12), log.laneOf(7, 13), log.laneOf(6, 12)]).toEqual([3, undefined, undefined])
})

test('a lane that one had to wait for belongs to who waited, whoever runs by then', () => {
  const { lanes, current, log } = observed(mutexes)
  const held = lanes.tryAcquire(2) ?? -1
  current.identity = { number: 1, cpu: 2, generation: 5 }
  const acquisition = lanes.acquire(0)
  expect(acquisition.next().done).toBe(false)
  current.identity = { number: 4, cpu: 0, generation: 9 }
  lanes.release(held)
  expect(acquisition.next()).toEqual({ done: true, value: 2 })
  expect([log.laneOf(1, 5), log.laneOf(4, 9)]).toEqual([2, undefined])
})

test('a table of several threads stays one, and a table of one thread does not become one', () => {
  const shared = observed((words) => new SharedLaneTable(words, { policy: 'static' })).lanes
  expect(['lanesOf' in shared, 'takeOver' in shared]).toEqual([true, true])
  expect(runAtomic(shared.acquire(3))).toBe(3)
  expect(shared.lanesOf?.(ONLY_THREAD)).toEqual([3])
  const single = observed(mutexes).lanes
  expect(['lanesOf' in single, 'takeOver' in single]).toEqual([false, false])
})

test('a ring of the log keeps the last writes, and forgets older ones', () => {
  const { log } = observed(mutexes)
  for (let generation = 1; generation <= 2000; generation++) log.record(2, generation, generation % 3)
  expect([log.laneOf(2, 2000), log.laneOf(2, 1999), log.laneOf(2, 1), log.laneOf(3, 2000)]).toEqual([
    2,
    1,
    undefined,
    undefined,
  ])
})
