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

/** What was registered under each token, by the least of containers. */
function registered(): { resolve: <T>(token: symbol) => T } {
  const factories = new Map<symbol, (resolver: never) => unknown>()
  registerMutexLanes({ register: (token, { useFactory }) => factories.set(token, useFactory) })
  return {
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters, typescript/no-unsafe-type-assertion -- as a container does
    resolve: <T>(token: symbol) => factories.get(token)?.(undefined as never) as T,
  }
}

test('a container gets lanes over the words and with the policy that it is given', () => {
  const words = new Int32Array(2)
  const lanes = registered().resolve<LaneTableFactory>(LANE_TABLE_FACTORY)(words, 'static')
  expect(lanes).toBeInstanceOf(MutexLaneTable)
  expect([lanes.tryAcquire(1), lanes.tryAcquire(1)]).toEqual([1, undefined])
  expect([...words]).toEqual([0, 1])
})

test('a container gets map locks over the words that it is given', () => {
  const words = new Int32Array(2)
  const locks = registered().resolve<LockTableFactory>(LOCK_TABLE_FACTORY)(words)
  expect(locks).toBeInstanceOf(MutexLocks)
  locks.tryAcquire(1)
  expect([...words]).toEqual([0, 1])
  expect(locks.acquire(1).next().value).toMatchObject({ on: { object: 'map-lock' } })
})

test('a container gets read tracking over the words that it is given', () => {
  const words = new Int32Array(2)
  const tracking = registered().resolve<ReadTrackingFactory>(READ_TRACKING_FACTORY)(words)
  expect(tracking).toBeInstanceOf(LocalReadTracking)
  tracking.enter(1, 5)
  expect(words[0]).toBe(0)
  expect(words[1]).not.toBe(0)
})
