/** How the tasks of one thread wait for words that other threads have as well. */
import { getEventListeners } from 'node:events'
import { WaitCancelledError, WaitTimedOutError, type LanePolicy } from '@bttkit/interfaces'
import { runAsync, runBlocking } from '@bttkit/sleepable'
import { expect, test, vi } from 'vitest'
import { SharedLaneTable, SharedLocks } from './index.ts'
import { NEVER_MS, place, sharedWords, turn } from './threads.test-support.ts'

const policies: LanePolicy[] = ['static', 'first-idle']

/** Lanes that another thread holds, in rounds that never end. */
function heldElsewhere(policy: LanePolicy, laneCount = 1) {
  const words = sharedWords(laneCount + 1)
  const holder = new SharedLaneTable(words, { policy, thread: place(2) }, NEVER_MS)
  for (let lane = 0; lane < laneCount; lane++) holder.tryAcquire(lane)
  const lanes = new SharedLaneTable(words, { policy, thread: place(1) }, NEVER_MS)
  return { lanes, holder, sleepers: () => Atomics.notify(words, policy === 'static' ? 0 : laneCount) }
}

test.each(policies)('%s: a thread sleeps on a word once, however many of its tasks wait', async (policy) => {
  const { lanes, holder, sleepers } = heldElsewhere(policy)
  const waiters = [0, 1, 2].map(async () => lanes.release(await runAsync(lanes.acquire(0))))
  await turn()
  expect(sleepers()).toBe(1)
  holder.release(0)
  await Promise.all(waiters)
})

test('several lanes that come at once go to as many tasks, though one of them slept', async () => {
  const { lanes, holder } = heldElsewhere('first-idle', 3)
  const waiters = [0, 1, 2].map(() => runAsync(lanes.acquire(0)))
  await turn()
  for (const lane of [2, 0, 1]) holder.release(lane)
  expect(new Set(await Promise.all(waiters))).toEqual(new Set([0, 1, 2]))
})

test('tasks that wait for one lock do not hold up those that wait for another', async () => {
  const words = sharedWords(2)
  const holder = new SharedLocks(words, 'map-lock', place(2), NEVER_MS)
  const locks = new SharedLocks(words, 'map-lock', place(1), NEVER_MS)
  holder.tryAcquire(0)
  const waiter = runAsync(locks.acquire(0))
  await turn()
  expect(locks.tryAcquire(1)).toBe(true)
  holder.release(0)
  await waiter
})

// Those before it await, which they cannot while their thread is blocked: to wait for them would be for ever.
test.each(policies)(
  '%s: a task that blocks does not wait for those before it, who are served later',
  async (policy) => {
    const { lanes, holder } = heldElsewhere(policy)
    const before = [runAsync(lanes.acquire(0)), runAsync(lanes.acquire(0))]
    await turn()
    holder.release(0)
    expect(runBlocking(lanes.acquire(0))).toBe(0)
    for (const waiter of before) {
      lanes.release(0)
      expect(await waiter).toBe(0)
    }
  },
)

test.each(policies)(
  '%s: a limit, also one of 0, ends the wait of one that is not the first',
  async (policy) => {
    const { lanes, holder } = heldElsewhere(policy)
    const first = runAsync(lanes.acquire(0))
    expect(() => lanes.acquire(0, { limitMs: 0 }).next()).toThrow(WaitTimedOutError)
    await expect(runAsync(lanes.acquire(0, { limitMs: 5 }))).rejects.toThrow(WaitTimedOutError)
    holder.release(0)
    expect(await first).toBe(0)
  },
)

test.each(policies)('%s: a limit is one for the wait to be first and that for a lane', (policy) => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const { lanes } = heldElsewhere(policy)
    const [first, second] = [lanes.acquire(0), lanes.acquire(0, { limitMs: 30 })]
    first.next()
    second.next()
    vi.advanceTimersByTime(20)
    first.return(0)
    expect(second.next().done).toBe(false)
    vi.advanceTimersByTime(15)
    expect(() => second.next()).toThrow(WaitTimedOutError)
  } finally {
    vi.useRealTimers()
  }
})

test.each(policies)('%s: one that is cancelled after it became the first takes no lane', (policy) => {
  const { lanes, holder } = heldElsewhere(policy)
  const controller = new AbortController()
  const [first, second] = [lanes.acquire(0), lanes.acquire(0, { signal: controller.signal })]
  first.next()
  second.next()
  holder.release(0)
  first.return(0)
  controller.abort()
  // It goes on without having heard of the abort, as its promise was resolved before.
  expect(() => second.next()).toThrow(WaitCancelledError)
  expect([lanes.heldCount(), lanes.tryAcquire(0)]).toEqual([0, 0])
})

test.each(policies)('%s: nothing listens to a signal after the wait to be first', async (policy) => {
  const { lanes, holder } = heldElsewhere(policy)
  const { signal } = new AbortController()
  const first = runAsync(lanes.acquire(0))
  const second = lanes.acquire(0, { signal })
  void Promise.resolve(second.next().value)
  await turn()
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  second.return(0)
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  holder.release(0)
  expect(await first).toBe(0)
})
