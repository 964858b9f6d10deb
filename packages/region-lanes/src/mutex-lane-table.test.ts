import { WaitCancelledError, WouldSleepError, type LanePolicy, type Sleepable } from '@bttkit/interfaces'
import { Scheduler, preemptionPoint, runAsync, runAtomic, runBlocking } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { MutexLaneTable } from './index.ts'
import { laneTableContract } from './lane-table-contract.test-support.ts'

const policies: LanePolicy[] = ['static', 'first-idle']

const table = (lanes: number, policy: LanePolicy = 'first-idle'): MutexLaneTable =>
  new MutexLaneTable(new Int32Array(lanes), policy)

laneTableContract('MutexLaneTable', (lanes, policy) => table(lanes, policy))

test.each(policies)('%s: nothing is to be had when every lane is held', (policy) => {
  const lanes = table(2, policy)
  lanes.tryAcquire(0)
  lanes.tryAcquire(1)
  expect(lanes.tryAcquire(0)).toBeUndefined()
  expect(lanes.tryAcquire(1)).toBeUndefined()
})

test.each(policies)('%s: an idle lane is acquired without a wait', (policy) => {
  expect(table(2, policy).acquire(1).next()).toEqual({ done: true, value: 1 })
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

test.each([0, 1, 2, 3])(
  'when waiter %d of 4 is cancelled the others are served in their order',
  async (gone) => {
    const lanes = table(1)
    lanes.tryAcquire(0)
    const controllers = [0, 1, 2, 3].map(() => new AbortController())
    const order: number[] = []
    const waiters = controllers.map(async ({ signal }, i) => {
      const lane = await runAsync(lanes.acquire(0, { signal }))
      order.push(i)
      lanes.release(lane)
    })
    controllers[gone]?.abort()
    await expect(waiters[gone]).rejects.toThrow(WaitCancelledError)
    lanes.release(0)
    await Promise.allSettled(waiters)
    expect(order).toEqual([0, 1, 2, 3].filter((i) => i !== gone))
    expect(lanes.heldCount()).toBe(0)
  },
)

test('one who comes after the last waiter was cancelled is served', async () => {
  const lanes = table(1)
  lanes.tryAcquire(0)
  const controller = new AbortController()
  const gone = runAsync(lanes.acquire(0, { signal: controller.signal }))
  controller.abort()
  await expect(gone).rejects.toThrow(WaitCancelledError)
  const stays = runAsync(lanes.acquire(0))
  lanes.release(0)
  expect(await stays).toBe(0)
})

test('a quarantined lane does not hold up the waiters for any lane', async () => {
  const lanes = table(2)
  lanes.tryAcquire(0)
  lanes.tryAcquire(1)
  const order: string[] = []
  const waiters = ['first', 'second'].map(async (name) => {
    const lane = await runAsync(lanes.acquire(0))
    order.push(`${name} ${lane}`)
  })
  lanes.quarantine(0)
  lanes.release(1)
  await waiters[0]
  lanes.restore(0)
  await waiters[1]
  expect(order).toEqual(['first 1', 'second 0'])
})
