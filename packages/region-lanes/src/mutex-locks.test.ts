import { LaneMisuseError } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { MutexLocks } from './index.ts'

const locks = (count: number): MutexLocks => new MutexLocks(new Int32Array(count), 'map-lock')

test('a table of no locks is refused', () => {
  expect(() => locks(0)).toThrow(LaneMisuseError)
})

test('a free lock is taken at once, and only once', () => {
  const table = locks(2)
  expect(table.lockCount).toBe(2)
  expect(table.tryAcquire(1)).toBe(true)
  expect(table.tryAcquire(1)).toBe(false)
})

test('locks do not depend on each other', () => {
  const table = locks(2)
  table.tryAcquire(0)
  expect(table.acquire(1).next().done).toBe(true)
})

test('the waiters of a lock get it in the order in which they came', async () => {
  const table = locks(2)
  table.tryAcquire(1)
  const order: number[] = []
  const waiters = [0, 1, 2].map(async (i) => {
    await runAsync(table.acquire(1))
    order.push(i)
    table.release(1)
  })
  table.release(1)
  await Promise.all(waiters)
  expect(order).toEqual([0, 1, 2])
})

test('a lock that was handed over cannot be taken by somebody else', async () => {
  const table = locks(1)
  table.tryAcquire(0)
  const waiter = runAsync(table.acquire(0))
  table.release(0)
  expect(table.tryAcquire(0)).toBe(false)
  await waiter
  table.release(0)
  expect(table.tryAcquire(0)).toBe(true)
})

test('a waiter says which lock it waits for', () => {
  const table = locks(3)
  table.tryAcquire(2)
  const { value } = table.acquire(2).next()
  expect(value).toMatchObject({ on: { object: 'map-lock', kind: 'acquire', start: 2, end: 3 } })
})

test('the release of a free lock is refused and names it', () => {
  expect(() => locks(3).release(2)).toThrow(LaneMisuseError)
  expect(() => locks(3).release(2)).toThrow(/map-lock 2/)
})

test('the state of the locks is in the words that were given', () => {
  const words = new Int32Array(3)
  const table = new MutexLocks(words, 'map-lock')
  table.tryAcquire(1)
  expect([...words]).toEqual([0, 1, 0])
  table.release(1)
  expect([...words]).toEqual([0, 0, 0])
})
