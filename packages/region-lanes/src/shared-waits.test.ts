/** How waits for shared words end: by rounds in which nothing happened, by limits and by signals. */
import { getEventListeners } from 'node:events'
import { WaitCancelledError, WaitTimedOutError, type LaneWaitOptions, type Wait } from '@bttkit/interfaces'
import { Scheduler, runAsync, runBlocking } from '@bttkit/sleepable'
import { expect, test, vi } from 'vitest'
import { SharedLaneTable, SharedLocks, SharedReadTracking } from './index.ts'
import { NEVER_MS, place, sharedWords, turn } from './threads.test-support.ts'

const ways = ['on the thread', 'on the event loop'] as const
const run = { 'on the thread': runBlocking, 'on the event loop': runAsync }

/** One lane that another thread holds, and a third one would have: thread 1 is the tests' own. */
function heldLane(
  policy: 'static' | 'first-idle',
  roundMs: number,
  recoverDead: (holder: SharedLaneTable) => void = () => {},
): Record<'lanes' | 'holder' | 'third', SharedLaneTable> & { words: Int32Array } {
  const words = sharedWords(2)
  const holder = new SharedLaneTable(words, { policy, thread: place(2) })
  const third = new SharedLaneTable(words, { policy, thread: place(3) }, roundMs)
  const thread = place(1, () => recoverDead(holder))
  holder.tryAcquire(0)
  return { lanes: new SharedLaneTable(words, { policy, thread }, roundMs), holder, third, words }
}

const cases = ways.flatMap((way) =>
  (['static', 'first-idle'] as const).map((policy) => [policy, way] as const),
)

test.each(cases)(
  '%s: who waits %s looks for dead threads after each round, and goes on',
  async (policy, way) => {
    let rounds = 0
    const { lanes } = heldLane(policy, 1, (holder) => {
      if (++rounds === 3) holder.release(0)
    })
    expect(await run[way](lanes.acquire(0))).toBe(0)
    expect(rounds).toBe(3)
  },
)

test.each(ways)('a writer that waits %s for a reader looks for dead threads', async (way) => {
  const words = sharedWords(2)
  const reader = new SharedReadTracking(words)
  reader.enter(1, 7)
  let rounds = 0
  const writer = new SharedReadTracking(
    words,
    place(1, () => {
      if (++rounds === 3) reader.leave(1)
    }),
    1,
  )
  await run[way](writer.waitUntilUnread(7))
  expect(rounds).toBe(3)
})

test('dead threads are looked for by the operation, not inside its wait', () => {
  let looks = 0
  const { lanes } = heldLane('first-idle', 1, () => void looks++)
  const operation = lanes.acquire(0)
  const wait = operation.next().value as Wait
  wait.block?.()
  expect(looks).toBe(0)
  operation.next()
  expect(looks).toBe(1)
})

test('the look for dead threads may wait, and its wait is the operation’s', async () => {
  const words = sharedWords(1)
  const holder = new SharedLocks(words, 'map-lock', place(2))
  const storage: Wait = Promise.resolve()
  const thread = {
    number: 1,
    *recoverDead() {
      yield storage
      holder.release(0)
    },
  }
  holder.tryAcquire(0)
  const operation = new SharedLocks(words, 'map-lock', thread, 1).acquire(0)
  const first = operation.next().value as Wait
  await first
  expect(operation.next().value).toBe(storage)
  expect(operation.next().done).toBe(true)
})

test.each(ways)('what fails in the look for dead threads ends the wait %s and takes nothing', async (way) => {
  const { lanes, holder, words } = heldLane('static', 1, () => {
    throw new Error('the disk')
  })
  await expect(async () => run[way](lanes.acquire(0))).rejects.toThrow('the disk')
  holder.release(0)
  expect([...words]).toEqual([0, 0])
})

// As a thread leaves it that is terminated after it was woken.
test.each(cases)(
  '%s: a lane that is free though nobody was woken is found after a round, %s',
  async (policy, way) => {
    const { lanes, words } = heldLane(policy, 1, () => void Atomics.store(words, 0, 0))
    expect(await run[way](lanes.acquire(0))).toBe(0)
  },
)

test('a thread that is the only one waits for its own tasks, and looks for nobody', async () => {
  const words = sharedWords(2)
  const lanes = new SharedLaneTable(words, { policy: 'static' }, 1)
  lanes.tryAcquire(0)
  const waiter = runAsync(lanes.acquire(0))
  for (let i = 0; i < 5; i++) await turn()
  lanes.release(0)
  expect(await waiter).toBe(0)
  expect(lanes.lanesOf(1)).toEqual([0])
})

// A limit that began anew with each round would never be over.
test.each(cases)('%s: a limit %s is one for all rounds', async (policy, way) => {
  const { lanes, holder } = heldLane(policy, 2)
  const begin = performance.now()
  await expect(async () => run[way](lanes.acquire(0, { limitMs: 30 }))).rejects.toThrow(WaitTimedOutError)
  expect(performance.now() - begin).toBeGreaterThanOrEqual(30)
  holder.release(0)
  expect(lanes.tryAcquire(0)).toBe(0)
})

test.each(cases)('%s: a limit that ends before a round is over ends the wait %s', async (policy, way) => {
  const { lanes } = heldLane(policy, NEVER_MS)
  await expect(async () => run[way](lanes.acquire(0, { limitMs: 5 }))).rejects.toThrow(WaitTimedOutError)
})

// Else short limits would keep everybody from ever finding out that the holder is dead.
test.each(ways)(
  'dead threads are looked for %s also where the limit is shorter than a round',
  async (way) => {
    const { lanes } = heldLane('static', NEVER_MS, (holder) => holder.release(0))
    expect(await run[way](lanes.acquire(0, { limitMs: 5 }))).toBe(0)
  },
)

test('a limit of 0 takes an idle lane and waits for none', () => {
  const { lanes, holder } = heldLane('static', NEVER_MS)
  expect(() => lanes.acquire(0, { limitMs: 0 }).next()).toThrow(WaitTimedOutError)
  holder.release(0)
  expect(runBlocking(lanes.acquire(0, { limitMs: 0 }))).toBe(0)
})

test.each(['static', 'first-idle'] as const)(
  '%s: a signal ends the wait of an event loop',
  async (policy) => {
    const { lanes, holder, words } = heldLane(policy, NEVER_MS)
    const controller = new AbortController()
    const waiter = runAsync(lanes.acquire(0, { signal: controller.signal }))
    await turn()
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiter).rejects.toThrow(
      expect.objectContaining({ code: 'BTT_WAIT_CANCELLED', cause: reason }),
    )
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    holder.release(0)
    expect(words[0]).toBe(0)
  },
)

test('who blocks hears the signal before each round', () => {
  const controller = new AbortController()
  const { lanes } = heldLane('static', 1, () => controller.abort())
  const operation = lanes.acquire(0, { signal: controller.signal })
  const wait = operation.next().value as Wait
  wait.block?.()
  expect(() => operation.next()).toThrow(WaitCancelledError)
})

test.each<[string, (controller: AbortController) => LaneWaitOptions]>([
  ['a limit', () => ({ limitMs: 20 })],
  ['a signal', ({ signal }) => ({ signal })],
])('of two sleepers, one that gives up by %s takes no wake-up from the other', async (_, optionsOf) => {
  for (const policy of ['static', 'first-idle'] as const) {
    const { lanes, holder, third } = heldLane(policy, NEVER_MS)
    const controller = new AbortController()
    const first = runAsync(lanes.acquire(0, optionsOf(controller)))
    await turn()
    const second = runAsync(third.acquire(0))
    await turn()
    controller.abort()
    await expect(first).rejects.toThrow(/lane/)
    holder.release(0)
    expect(await second).toBe(0)
  }
})

test.each(['static', 'first-idle'] as const)(
  '%s: who is woken and cancelled in one turn wakes the next',
  async (policy) => {
    const { lanes, holder, third } = heldLane(policy, NEVER_MS)
    const controller = new AbortController()
    const first = runAsync(lanes.acquire(0, { signal: controller.signal }))
    await turn()
    const second = runAsync(third.acquire(0))
    await turn()
    holder.release(0)
    controller.abort()
    await expect(first).rejects.toThrow(WaitCancelledError)
    expect(await second).toBe(0)
  },
)

test('an abort that comes before anybody asks for the promise ends the wait', async () => {
  const { lanes } = heldLane('static', NEVER_MS)
  const controller = new AbortController()
  const operation = lanes.acquire(0, { signal: controller.signal })
  const wait = operation.next().value as Wait
  controller.abort()
  await wait
  expect(() => operation.next()).toThrow(WaitCancelledError)
})

test('who waits for several rounds has one place in the queue', async () => {
  let rounds = 0
  const { lanes, holder, words } = heldLane('static', 1, () => void rounds++)
  const waiter = runAsync(lanes.acquire(0))
  await expect.poll(() => rounds, { interval: 1 }).toBeGreaterThan(3)
  expect(Atomics.notify(words, 0)).toBe(1)
  holder.release(0)
  expect(await waiter).toBe(0)
})

test('a wake-up that comes before the promise of the next round is asked for is heard', async () => {
  let looks = 0
  const { lanes, holder, third } = heldLane('static', 20, () => void looks++)
  const operation = lanes.acquire(0)
  await (operation.next().value as Wait)
  const wait = operation.next().value as Wait
  expect(looks).toBe(1)
  // Afterwards the word is as it was: held, and waited for.
  holder.release(0)
  holder.tryAcquire(0)
  third.acquire(0).next()
  await turn()
  await wait
  operation.next()
  expect(looks).toBe(1)
})

test('a waiter under a scheduler can go on when its signal is aborted, or its limit over', () => {
  const { lanes } = heldLane('static', NEVER_MS)
  const controller = new AbortController()
  const task = new Scheduler().add('waiter', lanes.acquire(0, { signal: controller.signal }))
  task.resume()
  expect(task.state).toBe('waiting')
  controller.abort()
  expect(task.state).toBe('runnable')
  task.resume()
  expect(task.error).toBeInstanceOf(WaitCancelledError)
})

test.each<[string, () => LaneWaitOptions]>([
  ['a limit', () => ({ limitMs: 1 })],
  ['a signal', () => ({ signal: AbortSignal.timeout(1) })],
])('who gives up by %s has no place in the queue after a round', async (_, options) => {
  const { lanes, words } = heldLane('static', 20)
  await expect(runAsync(lanes.acquire(0, options()))).rejects.toThrow(/lane 0/)
  await new Promise((resolve) => void setTimeout(resolve, 40))
  expect(Atomics.notify(words, 0)).toBe(0)
})

// The timer of the round and the place in the queue end at about the same time; either may be first.
test.each<[string, () => LaneWaitOptions]>([
  ['a limit', () => ({ limitMs: NEVER_MS })],
  ['a signal', () => ({ signal: new AbortController().signal })],
])(
  'dead threads are looked for also where a place in the queue ends before its round (%s)',
  async (_, options) => {
    const { lanes } = heldLane('static', 5, (holder) => holder.release(0))
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      expect(await runAsync(lanes.acquire(0, options()))).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  },
)

test('a wait whose promise is asked for after its operation was ended is over, and takes no place in the queue', async () => {
  const { lanes, words } = heldLane('static', NEVER_MS)
  const operation = lanes.acquire(0)
  const wait = operation.next().value as Wait
  operation.return(0)
  await wait
  expect(Atomics.notify(words, 0)).toBe(0)
})
