import { LaneMisuseError, WouldSleepError } from '@bttkit/interfaces'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { SharedLocks } from './index.ts'
import { NEVER_MS, place, sharedWords, turn } from './threads.test-support.ts'

/** In rounds that never end: what the protocol of the words does not wake stays asleep, and the test fails. */
const locks = (count: number, words = sharedWords(count), number = 1): SharedLocks =>
  new SharedLocks(words, 'map-lock', place(number), NEVER_MS)

/** One lock, as three threads see it. */
function threads(): [SharedLocks, SharedLocks, SharedLocks] {
  const words = sharedWords(1)
  return [locks(1, words, 1), locks(1, words, 2), locks(1, words, 3)]
}

test('a table of no locks is refused, and words that no other thread can see', () => {
  expect(() => locks(0)).toThrow(LaneMisuseError)
  expect(() => new SharedLocks(new Int32Array(2), 'map-lock')).toThrow(LaneMisuseError)
})

test('a free lock is taken at once, and only once', () => {
  const table = locks(2)
  expect(table.lockCount).toBe(2)
  expect([table.tryAcquire(1), table.tryAcquire(1)]).toEqual([true, false])
  expect(table.acquire(0).next().done).toBe(true)
  expect(table.heldCount()).toBe(2)
})

test('two tables over the same words are one', () => {
  const words = sharedWords(2)
  locks(2, words).tryAcquire(1)
  const other = locks(2, words)
  expect([other.tryAcquire(1), other.heldCount()]).toEqual([false, 1])
})

test.each([-1, 2, 0.5, NaN])('there is no lock %d', (index) => {
  const words = sharedWords(3)
  // The word after the table's is somebody else's.
  const table = locks(2, words.subarray(0, 2))
  const calls = [
    () => table.tryAcquire(index),
    () => table.acquire(index).next(),
    () => table.turnOf(index),
    () => table.release(index),
    () => table.quarantine(index),
    () => table.restore(index),
    () => table.takeOver(index, 0),
  ]
  for (const call of calls) expect(call).toThrow(LaneMisuseError)
  expect([...words]).toEqual([0, 0, 0])
})

test('a wait says what it is for, and is ready when the lock is free', () => {
  const table = locks(1)
  table.tryAcquire(0)
  const { value } = table.acquire(0).next()
  expect(value).toMatchObject({ on: { object: 'map-lock', kind: 'acquire', start: 0, end: 1 } })
  expect(value?.ready?.()).toBe(false)
  table.release(0)
  expect(value?.ready?.()).toBe(true)
})

test('an atomic caller is refused where the lock is held', () => {
  const table = locks(1)
  table.tryAcquire(0)
  expect(() => runAtomic(table.acquire(0))).toThrow(WouldSleepError)
  table.release(0)
  expect(table.tryAcquire(0)).toBe(true)
})

test('waiters of one thread all get the lock, one after the other', async () => {
  const table = locks(1)
  table.tryAcquire(0)
  let inside = 0
  const waiters = Array.from({ length: 20 }, async () => {
    await runAsync(table.acquire(0))
    expect(inside++).toBe(0)
    await Promise.resolve()
    inside--
    table.release(0)
  })
  table.release(0)
  await Promise.all(waiters)
  expect(table.heldCount()).toBe(0)
})

test.each(['before it could know', 'after it knew'])(
  'a waiter that was woken and is ended %s wakes the next, also when the lock was taken and given back',
  async (when) => {
    const [holder, goes, sleeps] = threads()
    holder.tryAcquire(0)
    const gone = goes.acquire(0)
    const woken = Promise.resolve(gone.next().value)
    await turn()
    const stays = runAsync(sleeps.acquire(0))
    await turn()
    holder.release(0)
    holder.tryAcquire(0)
    if (when === 'after it knew') await woken
    gone.return()
    // Where the wake-up is yet to come, it comes first: the lock is still held then.
    await turn()
    holder.release(0)
    await stays
  },
)

test('a waiter that has the lock gives the wake-up that comes after that to the next', async () => {
  const [holder, takes, sleeps] = threads()
  holder.tryAcquire(0)
  const goesOn = takes.acquire(0)
  const wait = goesOn.next().value
  void Promise.resolve(wait)
  await turn()
  const stays = runAsync(sleeps.acquire(0))
  await turn()
  holder.release(0)
  // As under a scheduler, which asks the wait and not the event loop.
  expect(goesOn.next().done).toBe(true)
  takes.release(0)
  await stays
})
