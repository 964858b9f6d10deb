import { LaneMisuseError, WouldSleepError, type LanePolicy, type Sleepable } from '@bttkit/interfaces'
import { Scheduler, preemptionPoint, runAsync, runAtomic, runBlocking } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { MutexLaneTable } from './index.ts'

const policies: LanePolicy[] = ['static', 'first-idle']

const table = (lanes: number, policy: LanePolicy = 'first-idle'): MutexLaneTable =>
  new MutexLaneTable(new Int32Array(lanes), policy)

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('a table of no lanes is refused', () => {
  expect(() => table(0)).toThrow(LaneMisuseError)
})

test('a lane may be held over a sleep', () => {
  expect(table(1).atomicWhileHeld).toBe(false)
})

test('the hinted lane is taken when it is idle', () => {
  const lanes = table(4)
  expect(lanes.laneCount).toBe(4)
  expect(lanes.tryAcquire(2)).toBe(2)
  expect(lanes.tryAcquire(7)).toBe(3)
})

test('first-idle takes the first idle lane after the hinted one, around the end', () => {
  const lanes = table(4)
  expect([2, 2, 2, 2].map((hint) => lanes.tryAcquire(hint))).toEqual([2, 3, 0, 1])
})

test('static takes the hinted lane or none', () => {
  const lanes = table(4, 'static')
  expect(lanes.tryAcquire(6)).toBe(2)
  expect(lanes.tryAcquire(2)).toBeUndefined()
  expect(lanes.tryAcquire(3)).toBe(3)
})

test.each(policies)('%s: nothing is to be had when every lane is held', (policy) => {
  const lanes = table(2, policy)
  lanes.tryAcquire(0)
  lanes.tryAcquire(1)
  expect(lanes.tryAcquire(0)).toBeUndefined()
  expect(lanes.tryAcquire(1)).toBeUndefined()
})

test('the held lanes are counted', () => {
  const lanes = table(3)
  lanes.tryAcquire(0)
  lanes.tryAcquire(0)
  expect(lanes.heldCount()).toBe(2)
  lanes.release(0)
  expect(lanes.heldCount()).toBe(1)
})

test.each(policies)('%s: an idle lane is acquired without a wait', (policy) => {
  expect(table(2, policy).acquire(1).next()).toEqual({ done: true, value: 1 })
})

test('a static waiter gets its own lane, however idle the others are', async () => {
  const lanes = table(2, 'static')
  lanes.tryAcquire(0)
  const waiter = runAsync(lanes.acquire(0))
  lanes.release(0)
  expect(await waiter).toBe(0)
})

test('a first-idle waiter gets whichever lane is released first', async () => {
  const lanes = table(3)
  for (let lane = 0; lane < 3; lane++) lanes.tryAcquire(lane)
  const waiter = runAsync(lanes.acquire(0))
  lanes.release(2)
  expect(await waiter).toBe(2)
})

test('static waiters of one lane do not hold up those of another', async () => {
  const lanes = table(2, 'static')
  lanes.tryAcquire(0)
  lanes.tryAcquire(1)
  const order: string[] = []
  const zero = runAsync(lanes.acquire(0)).then(() => order.push('lane 0'))
  const one = runAsync(lanes.acquire(1)).then(() => order.push('lane 1'))
  lanes.release(1)
  await one
  expect(order).toEqual(['lane 1'])
  lanes.release(0)
  await zero
})

test('a waiter says what it waits for', () => {
  const lanes = table(4, 'static')
  lanes.tryAcquire(3)
  const { value } = lanes.acquire(7).next()
  expect(value).toMatchObject({ on: { object: 'lane', kind: 'acquire', start: 3, end: 4 } })
})

test.each(policies)('%s: waiters get lanes in the order in which they came', async (policy) => {
  const lanes = table(1, policy)
  lanes.tryAcquire(0)
  const order: number[] = []
  const waiters = Array.from({ length: 8 }, async (_, i) => {
    const lane = await runAsync(lanes.acquire(i))
    order.push(i)
    lanes.release(lane)
  })
  lanes.release(0)
  await Promise.all(waiters)
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('several waiters can be handed lanes before any of them runs', async () => {
  const lanes = table(3)
  for (let lane = 0; lane < 3; lane++) lanes.tryAcquire(lane)
  const waiters = [0, 1, 2].map(() => runAsync(lanes.acquire(0)))
  lanes.release(1)
  lanes.release(0)
  lanes.release(2)
  expect(await Promise.all(waiters)).toEqual([1, 0, 2])
})

test.each(policies)('%s: nobody overtakes a waiter to whom the lane was handed', async (policy) => {
  const lanes = table(1, policy)
  lanes.tryAcquire(0)
  const waiter = runAsync(lanes.acquire(0))
  lanes.release(0)
  // The waiter has not run yet. The lane is its all the same.
  expect(lanes.tryAcquire(0)).toBeUndefined()
  expect(lanes.acquire(0).next().done).toBe(false)
  expect(lanes.heldCount()).toBe(1)
  expect(await waiter).toBe(0)
})

test.each(policies)('%s: a waiter that is ended by an error does not take a lane with it', async (policy) => {
  const lanes = table(1, policy)
  lanes.tryAcquire(0)
  const gone = lanes.acquire(0)
  gone.next()
  const stays = runAsync(lanes.acquire(0))
  expect(() => gone.throw(new Error('cancelled'))).toThrow('cancelled')
  lanes.release(0)
  expect(await stays).toBe(0)
})

test.each(policies)('%s: a waiter that is ended by return does not take a lane with it', async (policy) => {
  const lanes = table(1, policy)
  lanes.tryAcquire(0)
  const gone = lanes.acquire(0)
  gone.next()
  const stays = runAsync(lanes.acquire(0))
  gone.return(0)
  lanes.release(0)
  expect(await stays).toBe(0)
})

test.each(policies)(
  '%s: a waiter that is ended after it was handed the lane passes it on',
  async (policy) => {
    const lanes = table(1, policy)
    lanes.tryAcquire(0)
    const gone = lanes.acquire(0)
    gone.next()
    const stays = runAsync(lanes.acquire(0))
    lanes.release(0)
    expect(() => gone.throw(new Error('cancelled'))).toThrow('cancelled')
    expect(await stays).toBe(0)
    expect(lanes.heldCount()).toBe(1)
  },
)

test('the last waiter that is ended after it was handed the lane sets it free', () => {
  const lanes = table(1)
  lanes.tryAcquire(0)
  const gone = lanes.acquire(0)
  gone.next()
  lanes.release(0)
  gone.return(0)
  expect(lanes.heldCount()).toBe(0)
  expect(lanes.tryAcquire(0)).toBe(0)
})

test('a lane whose waiters all went away is free after its release', () => {
  const lanes = table(1)
  lanes.tryAcquire(0)
  for (let i = 0; i < 5; i++) {
    const gone = lanes.acquire(0)
    gone.next()
    gone.return(0)
  }
  lanes.release(0)
  expect(lanes.heldCount()).toBe(0)
})

test('a waiter that is continued before its turn fails, and takes no lane with it', async () => {
  const lanes = table(1)
  lanes.tryAcquire(0)
  const early = lanes.acquire(0)
  early.next()
  const stays = runAsync(lanes.acquire(0))
  expect(() => early.next()).toThrow(expect.objectContaining({ code: 'BTT_INVARIANT' }))
  lanes.release(0)
  expect(await stays).toBe(0)
})

test.each(policies)('%s: a release of a lane that nobody holds is refused', (policy) => {
  const lanes = table(2, policy)
  lanes.tryAcquire(0)
  expect(() => lanes.release(1)).toThrow(LaneMisuseError)
  expect(lanes.heldCount()).toBe(1)
  expect(lanes.tryAcquire(1)).toBe(1)
})

test('a second release of a lane is refused, and the lane stays one lane', () => {
  const lanes = table(2)
  lanes.tryAcquire(0)
  lanes.release(0)
  expect(() => lanes.release(0)).toThrow(LaneMisuseError)
  expect(lanes.heldCount()).toBe(0)
  expect([0, 0, 0].map((hint) => lanes.tryAcquire(hint))).toEqual([0, 1, undefined])
})

test.each([-1, 2, 0.5, NaN])('a release of lane %d, which the table does not have, is refused', (lane) => {
  const lanes = table(2)
  lanes.tryAcquire(0)
  lanes.tryAcquire(1)
  expect(() => lanes.release(lane)).toThrow(LaneMisuseError)
  expect(lanes.heldCount()).toBe(2)
})

test('a lane that is released with nobody waiting is free for the next one', async () => {
  const lanes = table(1)
  for (let i = 0; i < 3; i++) lanes.release(await runAsync(lanes.acquire(0)))
  expect(lanes.heldCount()).toBe(0)
})

test.each(policies)(
  '%s: an atomic caller is refused when it would have to wait, and the queue stays whole',
  async (policy) => {
    const lanes = table(1, policy)
    lanes.tryAcquire(0)
    const before = runAsync(lanes.acquire(0))
    expect(() => runAtomic(lanes.acquire(0))).toThrow(WouldSleepError)
    const after = runAsync(lanes.acquire(0))
    lanes.release(0)
    expect(await before).toBe(0)
    lanes.release(0)
    expect(await after).toBe(0)
    lanes.release(0)
    expect(lanes.heldCount()).toBe(0)
  },
)

test('an atomic caller gets an idle lane', () => {
  const lanes = table(1)
  expect(runAtomic(lanes.acquire(0))).toBe(0)
  expect(lanes.heldCount()).toBe(1)
})

test('a blocking caller is refused where only other tasks of its thread could free the lane', () => {
  const lanes = table(1)
  lanes.tryAcquire(0)
  expect(() => runBlocking(lanes.acquire(0))).toThrow(expect.objectContaining({ code: 'BTT_CANNOT_BLOCK' }))
  lanes.release(0)
  expect(lanes.heldCount()).toBe(0)
})

/** Takes a lane, passes a scheduling point in it, and gives it back. */
function* user(lanes: MutexLaneTable, hint: number, inside: Set<number>): Sleepable<boolean> {
  const lane = yield* lanes.acquire(hint)
  const alone = !inside.has(lane)
  inside.add(lane)
  yield preemptionPoint({ object: 'lane', kind: 'write', start: lane, end: lane + 1 })
  inside.delete(lane)
  lanes.release(lane)
  return alone
}

test.each(policies)('%s: waiters go on under a scheduler without a turn of the event loop', (policy) => {
  const lanes = table(2, policy)
  const scheduler = new Scheduler()
  const inside = new Set<number>()
  for (let i = 0; i < 10; i++) scheduler.add(`task ${i}`, user(lanes, i, inside))
  // Nothing is awaited in this test, so no promise can go on.
  for (let [task] = scheduler.runnable(); task !== undefined; task = scheduler.runnable().at(-1))
    task.resume()
  expect(scheduler.tasks.map((task) => task.result)).toEqual(Array.from({ length: 10 }, () => true))
  expect(lanes.heldCount()).toBe(0)
})

test('a waiter under a scheduler can go on only when a lane was handed to it', () => {
  const lanes = table(1)
  lanes.tryAcquire(0)
  const scheduler = new Scheduler()
  const early = scheduler.add('early', lanes.acquire(0))
  const late = scheduler.add('late', lanes.acquire(0))
  early.resume()
  late.resume()
  expect(scheduler.runnable()).toEqual([])
  lanes.release(0)
  expect(scheduler.runnable()).toEqual([early])
})

/** Acquires lanes for `rounds`, each for some turns of the event loop; says when it asked and when it got one. */
async function greedy(
  lanes: MutexLaneTable,
  task: number,
  rounds: number,
  asked: number[],
  got: number[],
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    asked.push(task)
    const lane = await runAsync(lanes.acquire(task))
    got.push(task)
    for (let i = (task * 7 + round) % 3; i > 0; i--) await turn()
    lanes.release(lane)
  }
}

test('64 tasks on 4 lanes get them in the order in which they asked', async () => {
  const lanes = table(4)
  const asked: number[] = []
  const got: number[] = []
  await Promise.all(Array.from({ length: 64 }, (_, task) => greedy(lanes, task, 20, asked, got)))
  expect(got).toHaveLength(64 * 20)
  expect(got).toEqual(asked)
})

test('the shares of 64 tasks on 4 lanes differ from their mean by no more than 5 %', async () => {
  const lanes = table(4)
  const got: number[] = []
  const rounds = 60
  const tasks = Array.from({ length: 64 }, (_, task) => greedy(lanes, task, rounds, [], got))
  await Promise.all(tasks)
  // Two thirds through, when all of them still want more.
  const grants = Array.from({ length: 64 }, () => 0)
  for (const task of got.slice(0, 64 * 40)) grants[task] = (grants[task] ?? 0) + 1
  expect(Math.min(...grants)).toBeGreaterThanOrEqual(40 * 0.95)
  expect(Math.max(...grants)).toBeLessThanOrEqual(40 * 1.05)
})
