/** Who holds a shared lock, and what others can do about it: nothing, unless its holder is dead. */
import { LaneMisuseError } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { SharedLocks } from './index.ts'
import { NEVER_MS, place, sharedWords, turn } from './threads.test-support.ts'

const words = (): Int32Array<SharedArrayBuffer> => sharedWords(2)

const locksOf = (number: number, table: Int32Array): SharedLocks =>
  new SharedLocks(table, 'map-lock', place(number), NEVER_MS)

/** Makes a waiter for lock 0 fall asleep; what it has when it goes on. */
async function sleeper(locks: SharedLocks): Promise<{ got: Promise<void> }> {
  const got = runAsync(locks.acquire(0))
  await turn()
  return { got }
}

test.each([0, 128, 1.5, NaN])('%d is no number of a thread', (number) => {
  expect(() => locksOf(number, words())).toThrow(LaneMisuseError)
})

test('what a thread holds is marked with its number', () => {
  const table = words()
  const [first, last] = [locksOf(1, table), locksOf(127, table)]
  first.tryAcquire(0)
  last.acquire(1).next()
  expect([...table]).toEqual([1, 127])
  expect([first.locksOf(1), first.locksOf(127)]).toEqual([[0], [1]])
  first.release(0)
  // 0 is how a free word is marked, and no thread.
  expect([first.locksOf(1), first.locksOf(0)]).toEqual([[], []])
})

test('a lock stays marked with its holder while others wait', async () => {
  const table = words()
  const [holder, waiter] = [locksOf(5, table), locksOf(6, table)]
  holder.tryAcquire(0)
  const { got } = await sleeper(waiter)
  expect(waiter.locksOf(5)).toEqual([0])
  holder.release(0)
  await got
  expect(waiter.locksOf(6)).toEqual([0])
})

test('a lock that nobody waits for any more is free as if nobody had', async () => {
  const table = words()
  const [holder, waiter] = [locksOf(5, table), locksOf(6, table)]
  holder.tryAcquire(0)
  const { got } = await sleeper(waiter)
  holder.release(0)
  await got
  waiter.release(0)
  expect([...table]).toEqual([0, 0])
})

test.each(['nobody', 'somebody'])(
  "a stranger's release is refused, names both, and changes nothing, where %s waits",
  async (who) => {
    const table = words()
    const [holder, stranger] = [locksOf(5, table), locksOf(6, table)]
    holder.tryAcquire(0)
    const waiting = who === 'somebody' ? await sleeper(stranger) : undefined
    const before = [...table]
    expect(() => stranger.release(0)).toThrow(/map-lock 0 .* thread 6; thread 5 holds it/)
    expect(() => stranger.quarantine(0)).toThrow(LaneMisuseError)
    expect([...table]).toEqual(before)
    holder.release(0)
    await waiting?.got
  },
)

test('the release of a free lock is refused, names it, and changes nothing', () => {
  const table = words()
  expect(() => locksOf(1, table).release(1)).toThrow(/map-lock 1/)
  expect(() => locksOf(1, table).quarantine(1)).toThrow(/map-lock 1/)
  expect([...table]).toEqual([0, 0])
})

test('a second release is refused also when another task of the thread has the lock by now', () => {
  const table = words()
  const locks = locksOf(1, table)
  locks.tryAcquire(0)
  const hold = locks.turnOf(0)
  locks.release(0, hold)
  locks.tryAcquire(0)
  expect(() => locks.release(0, hold)).toThrow(LaneMisuseError)
  expect(() => locks.quarantine(0, hold)).toThrow(LaneMisuseError)
  expect(locks.locksOf(1)).toEqual([0])
  locks.release(0, locks.turnOf(0))
  expect(locks.heldCount()).toBe(0)
})

test('each lock counts its own holds, also such as ended in quarantine', () => {
  const locks = locksOf(1, words())
  locks.tryAcquire(0)
  const [hold, other] = [locks.turnOf(0), locks.turnOf(1)]
  locks.quarantine(0, hold)
  locks.restore(0)
  locks.tryAcquire(0)
  expect(locks.turnOf(0)).not.toBe(hold)
  expect(locks.turnOf(1)).toBe(other)
})

test('a release that was refused does not end the hold', () => {
  const table = words()
  const [holder, stranger] = [locksOf(5, table), locksOf(6, table)]
  holder.tryAcquire(0)
  const hold = stranger.turnOf(0)
  expect(() => stranger.release(0)).toThrow(LaneMisuseError)
  expect(stranger.turnOf(0)).toBe(hold)
})

test('a quarantined lock is nobody to have, and still marked with who left it', () => {
  const table = words()
  const [holder, other] = [locksOf(5, table), locksOf(6, table)]
  holder.tryAcquire(0)
  holder.quarantine(0)
  expect([holder.tryAcquire(0), other.tryAcquire(0), other.heldCount()]).toEqual([false, false, 1])
  expect(() => holder.release(0)).toThrow(/quarantined/)
  expect(() => holder.quarantine(0)).toThrow(/quarantined/)
  expect(other.locksOf(5)).toEqual([0])
})

test('a quarantined lock is restored from any thread, which wakes who waits for it', async () => {
  const table = words()
  const [holder, other] = [locksOf(5, table), locksOf(6, table)]
  holder.tryAcquire(0)
  const before = await sleeper(other)
  holder.quarantine(0)
  const after = await sleeper(locksOf(7, table))
  other.restore(0)
  await before.got
  other.release(0)
  await after.got
  expect(other.locksOf(7)).toEqual([0])
})

test('a lock that is not quarantined is not restored', () => {
  const table = words()
  const [holder, other] = [locksOf(5, table), locksOf(6, table)]
  holder.tryAcquire(0)
  expect(() => other.restore(0)).toThrow(LaneMisuseError)
  expect(() => other.restore(1)).toThrow(LaneMisuseError)
  expect([...table]).toEqual([5, 0])
})

test('a lock is taken over from its holder only, and then is a hold like any other', () => {
  const table = words()
  const [dead, survivor] = [locksOf(5, table), locksOf(6, table)]
  dead.tryAcquire(0)
  // 0 is how a free word is marked, and no thread.
  expect([survivor.takeOver(0, 7), survivor.takeOver(1, 5), survivor.takeOver(1, 0)]).toEqual([
    false,
    false,
    false,
  ])
  expect(survivor.takeOver(0, 5)).toBe(true)
  expect(() => dead.release(0)).toThrow(LaneMisuseError)
  survivor.release(0, survivor.turnOf(0))
  expect([...table]).toEqual([0, 0])
})

test.each(['held', 'quarantined'])(
  'those who slept on a %s lock that is taken over are woken by its release, one after the other',
  async (how) => {
    const table = words()
    const [dead, survivor] = [locksOf(5, table), locksOf(6, table)]
    dead.tryAcquire(0)
    const sleepers = [await sleeper(locksOf(7, table)), await sleeper(locksOf(8, table))]
    if (how === 'quarantined') dead.quarantine(0)
    expect(survivor.takeOver(0, 5)).toBe(true)
    expect(survivor.locksOf(6)).toEqual([0])
    survivor.release(0)
    await sleepers[0]?.got
    locksOf(7, table).release(0)
    await sleepers[1]?.got
  },
)
