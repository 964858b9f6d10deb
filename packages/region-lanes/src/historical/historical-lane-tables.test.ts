import {
  LaneMisuseError,
  WaitCancelledError,
  WaitTimedOutError,
  WouldSleepError,
  type LaneTable,
} from '@bttkit/interfaces'
import { Scheduler, runAsync, runAtomic, runBlocking } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { HISTORICAL_LANE_TABLES, type HistoricalLaneTableName } from './index.ts'

const names = Object.keys(HISTORICAL_LANE_TABLES) as HistoricalLaneTableName[]
const models = names.filter((name) => name !== 'mutex')
const make = (name: HistoricalLaneTableName, lanes: number, cpus: number): LaneTable =>
  HISTORICAL_LANE_TABLES[name].make(new Int32Array(lanes), 'static', { cpuCount: cpus })

test('the record and its entries are frozen', () => {
  expect(names).toHaveLength(5)
  expect([HISTORICAL_LANE_TABLES, ...Object.values(HISTORICAL_LANE_TABLES)].every(Object.isFrozen)).toBe(true)
})

test('what is safe, and whose holder may not sleep', () => {
  const facts = names.map((name) => [
    name,
    HISTORICAL_LANE_TABLES[name].isExclusive,
    make(name, 1, 1).isExclusive,
    make(name, 1, 1).atomicWhileHeld,
  ])
  expect(facts).toEqual([
    ['spinlock-preemption-off', false, false, true],
    ['recursion-count', false, false, false],
    ['owner-spinlock', false, false, true],
    ['spinlock-bh', true, true, true],
    ['mutex', true, true, false],
  ])
})

test('the policy is that of the mutex only', () => {
  const second = (name: HistoricalLaneTableName) => {
    const lanes = HISTORICAL_LANE_TABLES[name].make(new Int32Array(2), 'first-idle', { cpuCount: 4 })
    lanes.tryAcquire(0)
    return lanes.tryAcquire(2)
  }
  expect(names.map(second)).toEqual([undefined, undefined, undefined, undefined, 1])
})

test.each(names)('%s: no lanes are refused, and hints that are no whole numbers from 0', (name) => {
  expect(() => make(name, 0, 1)).toThrow(LaneMisuseError)
  for (const lanes of [make(name, 2, 4), make(name, 4, 2)]) {
    for (const hint of [-1, 0.5, NaN, Infinity]) {
      expect(() => lanes.tryAcquire(hint)).toThrow(LaneMisuseError)
      expect(() => lanes.acquire(hint).next()).toThrow(LaneMisuseError)
    }
    expect(lanes.heldCount()).toBe(0)
  }
})

test.each(models)('%s: a machine without CPUs is refused', (name) => {
  for (const cpus of [0, -1, 1.5, NaN]) expect(() => make(name, 1, cpus)).toThrow(LaneMisuseError)
})

test.each(models)(
  '%s: one task at a time gets the lane of its CPU and leaves nothing behind',
  async (name) => {
    for (const [laneCount, cpus] of [[2, 5] as const, [5, 2] as const, [3, 3] as const]) {
      const lanes = make(name, laneCount, cpus)
      expect(lanes.laneCount).toBe(laneCount)
      const ways = [
        (hint: number) => lanes.tryAcquire(hint),
        (hint: number) => runAtomic(lanes.acquire(hint)),
        (hint: number) => runBlocking(lanes.acquire(hint)),
        (hint: number) => runAsync(lanes.acquire(hint)),
      ]
      for (let i = 0; i < 40; i++) {
        const lane = await ways[i % 4]?.(i)
        expect(lane).toBe((i % cpus) % laneCount)
        expect(lanes.heldCount()).toBe(1)
        lanes.release(lane ?? NaN)
        expect(lanes.heldCount()).toBe(0)
      }
    }
  },
)

test.each(models)('%s: a lane of another CPU is waited for, first in, first out', async (name) => {
  const lanes = make(name, 1, 4)
  expect(lanes.tryAcquire(0)).toBe(0)
  expect(lanes.tryAcquire(1)).toBeUndefined()
  expect(() => runAtomic(lanes.acquire(1))).toThrow(WouldSleepError)
  const order: number[] = []
  const waiters = [3, 1, 2].map(async (hint) => {
    const lane = await runAsync(lanes.acquire(hint))
    order.push(hint)
    lanes.release(lane)
  })
  lanes.release(0)
  await Promise.all(waiters)
  expect(order).toEqual([3, 1, 2])
  expect(lanes.heldCount()).toBe(0)
})

test.each(models)('%s: a waiter goes on under a scheduler when the lock is dropped', (name) => {
  const lanes = make(name, 1, 2)
  lanes.tryAcquire(0)
  const waiter = new Scheduler().add('waiter', lanes.acquire(1))
  waiter.resume()
  expect(waiter.wait?.on).toEqual({ object: 'lane', kind: 'acquire', start: 0, end: 1 })
  expect(waiter.state).toBe('waiting')
  lanes.release(0)
  expect(waiter.state).toBe('runnable')
  waiter.resume()
  expect(waiter.result).toBe(0)
})

test.each(models)('%s: a waiter that is ended leaves no lock and no count behind', (name) => {
  const lanes = make(name, 1, 2)
  lanes.tryAcquire(0)
  const before = lanes.acquire(1)
  before.next()
  before.return(0)
  const after = lanes.acquire(1)
  after.next()
  lanes.release(0)
  after.return(0)
  expect(lanes.heldCount()).toBe(0)
  // A count that stayed would let CPU 1 in beside CPU 0.
  expect(lanes.tryAcquire(0)).toBe(0)
  expect(lanes.tryAcquire(1)).toBeUndefined()
})

test.each(['spinlock-preemption-off', 'recursion-count'] as const)(
  '%s: a wrong release is not noticed, and costs the CPU its lock for ever',
  (name) => {
    const locked = make(name, 1, 2)
    locked.release(0)
    // The count of CPU 0 is -1 now: it takes no lock, and keeps nobody out.
    expect([locked.tryAcquire(0), locked.tryAcquire(1)]).toEqual([0, 0])
    const unlocked = make(name, 2, 2)
    unlocked.release(1)
    expect(unlocked.tryAcquire(1)).toBe(1)
  },
)

test('owner-spinlock: a wrong release is not noticed; spinlock-bh: it is', () => {
  const owner = make('owner-spinlock', 1, 2)
  owner.release(0)
  expect([owner.tryAcquire(0), owner.tryAcquire(1)]).toEqual([0, undefined])
  expect(() => make('spinlock-bh', 1, 2).release(0)).toThrow(LaneMisuseError)
})

test.each(names)('%s: a lane that the table does not have cannot be released', (name) => {
  for (const lane of [-1, 2, 0.5, NaN]) expect(() => make(name, 2, 4).release(lane)).toThrow(LaneMisuseError)
})

test.each(['spinlock-preemption-off', 'recursion-count'] as const)(
  '%s: a lock is taken only where there are fewer lanes than CPUs',
  (name) => {
    for (const [cpus, word] of [[1, 0] as const, [2, 0] as const, [3, 1] as const]) {
      const words = new Int32Array(2)
      const lanes = HISTORICAL_LANE_TABLES[name].make(words, 'static', { cpuCount: cpus })
      expect(runAtomic(lanes.acquire(0))).toBe(0)
      expect([...words, lanes.heldCount()]).toEqual([word, 0, 1])
    }
  },
)

test.each(models)(
  '%s: a waiter is cancelled or late as with any table, and leaves no lock and no count',
  async (name) => {
    // Each on a CPU of its own: a task that waits lets others of its CPU into a table that counts.
    const lanes = make(name, 1, 4)
    lanes.tryAcquire(0)
    const controller = new AbortController()
    const cancelled = runAsync(lanes.acquire(1, { signal: controller.signal }))
    const late = runAsync(lanes.acquire(2, { limitMs: 5 }))
    controller.abort('closing')
    await expect(cancelled).rejects.toThrow(WaitCancelledError)
    await expect(cancelled).rejects.toMatchObject({
      cause: 'closing',
      message: expect.stringMatching(/lane 0/),
    })
    await expect(late).rejects.toThrow(WaitTimedOutError)
    expect(() => lanes.acquire(3, { limitMs: 0 }).next()).toThrow(WaitTimedOutError)
    expect(() => lanes.acquire(1, { signal: controller.signal }).next()).toThrow(WaitCancelledError)
    lanes.release(0)
    expect(lanes.heldCount()).toBe(0)
    // A count that stayed would let its CPU in beside CPU 0.
    expect([0, 1, 2, 3].map((hint) => lanes.tryAcquire(hint))).toEqual([0, undefined, undefined, undefined])
  },
)

test.each(models)(
  '%s: a lane that is left behind keeps out whom its holder kept out, until it is restored',
  async (name) => {
    const lanes = make(name, 1, 3)
    lanes.tryAcquire(0)
    const waiter = runAsync(lanes.acquire(1))
    lanes.quarantine(0, lanes.turnOf(0))
    expect([lanes.heldCount(), lanes.tryAcquire(2)]).toEqual([1, undefined])
    lanes.restore(0)
    expect(await waiter).toBe(0)
    expect(() => lanes.restore(0)).toThrow(LaneMisuseError)
  },
)

test.each(['spinlock-preemption-off', 'recursion-count', 'owner-spinlock'] as const)(
  '%s: knows no turns, so the first of two in a lane can go on when the second has gone',
  (name) => {
    const lanes = make(name, 1, 1)
    lanes.tryAcquire(0)
    const first = lanes.turnOf(0)
    lanes.tryAcquire(0)
    lanes.release(0, lanes.turnOf(0))
    lanes.release(0, first)
    expect(lanes.heldCount()).toBe(0)
  },
)

test.each(names)('%s: a lane that the table does not have has no turn, and is not left behind', (name) => {
  for (const lane of [-1, 2, 0.5, NaN]) {
    expect(() => make(name, 2, 4).turnOf(lane)).toThrow(LaneMisuseError)
    expect(() => make(name, 2, 4).quarantine(lane)).toThrow(LaneMisuseError)
  }
})

test.each(names)('%s: only recursion-count has a point between the count and the lock', (name) => {
  const options = { cpuCount: 2, isPreemptedBeforeLock: true }
  const step = HISTORICAL_LANE_TABLES[name].make(new Int32Array(1), 'static', options).acquire(0).next()
  expect(step.done).toBe(name !== 'recursion-count')
  if (step.done !== true)
    expect(step.value).toMatchObject({ isPreemption: true, on: { object: 'lane', start: 0 } })
})
