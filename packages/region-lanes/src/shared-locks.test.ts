import { LaneMisuseError, WouldSleepError } from '@bttkit/interfaces'
import { runAsync, runAtomic, runBlocking } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { SharedLocks, type SharedWaitOptions } from './index.ts'
import { NEVER_MS, sharedWords, turn } from './threads.test-support.ts'

const locks = (
  count: number,
  options: SharedWaitOptions = { roundMs: NEVER_MS },
  words = sharedWords(count),
) => new SharedLocks(words, 'map-lock', options)

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
  locks(2, {}, words).tryAcquire(1)
  const other = locks(2, {}, words)
  expect([other.tryAcquire(1), other.heldCount()]).toEqual([false, 1])
})

test.each([-1, 2, 0.5, NaN])('there is no lock %d', (index) => {
  const words = sharedWords(3)
  // The word after the table's is somebody else's.
  const table = locks(2, {}, words.subarray(0, 2))
  expect(() => table.tryAcquire(index)).toThrow(LaneMisuseError)
  expect(() => table.acquire(index).next()).toThrow(LaneMisuseError)
  expect(() => table.release(index)).toThrow(LaneMisuseError)
  expect([...words]).toEqual([0, 0, 0])
})

test('the release of a free lock is refused, names it, and changes nothing', () => {
  const words = sharedWords(3)
  expect(() => locks(3, {}, words).release(2)).toThrow(/map-lock 2/)
  expect([...words]).toEqual([0, 0, 0])
})

test('a lock is marked when somebody waits, and only then', () => {
  const words = sharedWords(1)
  const table = locks(1, {}, words)
  table.tryAcquire(0)
  expect(words[0]).toBe(1)
  const { value } = table.acquire(0).next()
  expect(value).toMatchObject({ on: { object: 'map-lock', kind: 'acquire', start: 0, end: 1 } })
  expect(words[0]).toBe(2)
  table.release(0)
  expect(words[0]).toBe(0)
})

test('a wait is ready when the lock is free', () => {
  const table = locks(1)
  table.tryAcquire(0)
  const { value } = table.acquire(0).next()
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
    const table = locks(1)
    table.tryAcquire(0)
    const gone = table.acquire(0)
    const woken = Promise.resolve(gone.next().value)
    await turn()
    const stays = runAsync(table.acquire(0))
    await turn()
    table.release(0)
    table.tryAcquire(0)
    if (when === 'after it knew') await woken
    gone.return()
    // Where the wake-up is yet to come, it comes first: the lock is still held then.
    await turn()
    table.release(0)
    await stays
  },
)

test('who waits on the thread is told of each round, and may give up', () => {
  const rounds: number[] = []
  const onStall = ({ start }: { start: number }): void => {
    rounds.push(start)
    if (rounds.length === 3) throw new Error('its holder is lost')
  }
  const table = locks(2, { roundMs: 1, onStall })
  table.tryAcquire(1)
  expect(() => runBlocking(table.acquire(1))).toThrow('its holder is lost')
  expect(rounds).toEqual([1, 1, 1])
  table.release(1)
  expect(table.tryAcquire(1)).toBe(true)
})

test('who waits on the event loop is told of each round, and may give up', async () => {
  let rounds = 0
  const onStall = (): void => {
    if (++rounds === 3) throw new Error('its holder is lost')
  }
  const table = locks(1, { roundMs: 1, onStall })
  table.tryAcquire(0)
  await expect(runAsync(table.acquire(0))).rejects.toThrow('its holder is lost')
  expect(rounds).toBe(3)
})

// As a thread leaves it that is terminated after it was woken.
test.each(['on the thread', 'on the event loop'])(
  'a lock that is free though nobody was woken is found after a round, %s',
  async (where) => {
    const words = sharedWords(1)
    const setFree = (): void => void Atomics.store(words, 0, 0)
    const table = locks(1, { roundMs: 1, onStall: setFree }, words)
    table.tryAcquire(0)
    if (where === 'on the thread') runBlocking(table.acquire(0))
    else await runAsync(table.acquire(0))
    expect(table.heldCount()).toBe(1)
  },
)
