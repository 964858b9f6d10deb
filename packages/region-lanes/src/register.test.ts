import {
  LANE_TABLE_FACTORY,
  LOCK_TABLE_FACTORY,
  READ_TRACKING_FACTORY,
  type LaneTableFactory,
  type LockTableFactory,
  type ReadTrackingFactory,
  type ThreadPlace,
} from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import {
  LocalReadTracking,
  MutexLaneTable,
  MutexLocks,
  SharedLaneTable,
  SharedLocks,
  SharedReadTracking,
  registerLanes,
} from './index.ts'
import { sharedWords } from './threads.test-support.ts'

/** What a container makes that knows nothing but what was registered. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as in a container, the caller knows what the token stands for
function registered<T>(token: symbol): T {
  const factories = new Map<symbol, (resolver: never) => unknown>()
  registerLanes({ register: (key, { useFactory }) => factories.set(key, useFactory) })
  return factories.get(token)?.(undefined as never) as T
}

test('a container gets lanes over the words and with the policy that it is given', () => {
  const words = new Int32Array(3)
  const lanes = registered<LaneTableFactory>(LANE_TABLE_FACTORY)(words, { policy: 'static' })
  expect(lanes).toBeInstanceOf(MutexLaneTable)
  expect([lanes.tryAcquire(1), lanes.tryAcquire(1)]).toEqual([1, undefined])
  expect([...words]).toEqual([0, 1, 0])
})

test('a container gets map locks over the words that it is given', () => {
  const words = new Int32Array(2)
  const locks = registered<LockTableFactory>(LOCK_TABLE_FACTORY)(words)
  expect(locks).toBeInstanceOf(MutexLocks)
  locks.tryAcquire(1)
  expect([...words]).toEqual([0, 1])
  expect(locks.acquire(1).next().value).toMatchObject({ on: { object: 'map-lock' } })
})

test('a container gets read tracking over the words that it is given', () => {
  const words = new Int32Array(2)
  const tracking = registered<ReadTrackingFactory>(READ_TRACKING_FACTORY)(words)
  expect(tracking).toBeInstanceOf(LocalReadTracking)
  tracking.enter(1, 5)
  expect(words[0]).toBe(0)
  expect(words[1]).not.toBe(0)
})

const thread: ThreadPlace = { number: 5, *recoverDead() {} }

test('an attachment with a thread gets lanes for several, over all of its words', () => {
  const lanes = registered<LaneTableFactory>(LANE_TABLE_FACTORY)(sharedWords(3), { policy: 'static', thread })
  expect(lanes).toBeInstanceOf(SharedLaneTable)
  expect([lanes.laneCount, lanes.tryAcquire(1), lanes.tryAcquire(1)]).toEqual([2, 1, undefined])
  expect(lanes.lanesOf?.(5)).toEqual([1])
})

test('an attachment with a thread gets map locks for several', () => {
  const locks = registered<LockTableFactory>(LOCK_TABLE_FACTORY)(sharedWords(2), thread)
  expect(locks).toBeInstanceOf(SharedLocks)
  locks.tryAcquire(1)
  expect(locks.locksOf?.(5)).toEqual([1])
  expect(locks.acquire(1).next().value).toMatchObject({ on: { object: 'map-lock' } })
})

test('an attachment with a thread gets read tracking for several', () => {
  const words = sharedWords(2)
  const tracking = registered<ReadTrackingFactory>(READ_TRACKING_FACTORY)(words, thread)
  expect(tracking).toBeInstanceOf(SharedReadTracking)
  tracking.enter(1, 5)
  expect([words[0], words[1] === 0]).toEqual([0, false])
})
