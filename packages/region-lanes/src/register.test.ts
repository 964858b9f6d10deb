import {
  LANE_TABLE_FACTORY,
  LOCK_TABLE_FACTORY,
  READ_TRACKING_FACTORY,
  type LaneTableFactory,
  type LockTableFactory,
  type ReadTrackingFactory,
} from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { LocalReadTracking, MutexLaneTable, MutexLocks, registerMutexLanes } from './index.ts'

/** What a container makes that knows nothing but what was registered. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as in a container, the caller knows what the token stands for
function registered<T>(token: symbol): T {
  const factories = new Map<symbol, (resolver: never) => unknown>()
  registerMutexLanes({ register: (key, { useFactory }) => factories.set(key, useFactory) })
  return factories.get(token)?.(undefined as never) as T
}

test('a container gets lanes over the words and with the policy that it is given', () => {
  const words = new Int32Array(2)
  const lanes = registered<LaneTableFactory>(LANE_TABLE_FACTORY)(words, 'static')
  expect(lanes).toBeInstanceOf(MutexLaneTable)
  expect([lanes.tryAcquire(1), lanes.tryAcquire(1)]).toEqual([1, undefined])
  expect([...words]).toEqual([0, 1])
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
