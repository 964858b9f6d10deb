/** What every lane table promises about the order of those who wait for lanes on one thread. */
import type { LanePolicy, LaneTable } from '@bttkit/interfaces'
import { Scheduler, runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { turn } from './threads.test-support.ts'

type Make = (lanes: number, policy: LanePolicy) => LaneTable

const policies: LanePolicy[] = ['static', 'first-idle']

/** One lane, which is held. */
function held(make: Make, policy: LanePolicy): LaneTable {
  const lanes = make(1, policy)
  lanes.tryAcquire(0)
  return lanes
}

export function laneOrderContract(make: Make): void {
  test.each(policies)(
    '%s: the waiters of one thread get lanes in the order in which they came',
    async (policy) => {
      const lanes = held(make, policy)
      const order: number[] = []
      const waiters = Array.from({ length: 8 }, async (_, i) => {
        const lane = await runAsync(lanes.acquire(0))
        order.push(i)
        await turn()
        lanes.release(lane)
      })
      lanes.release(0)
      await Promise.all(waiters)
      expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      expect(lanes.heldCount()).toBe(0)
    },
  )

  test.each(policies)('%s: who asks again after a release comes after those who wait', async (policy) => {
    const lanes = held(make, policy)
    const order: string[] = []
    const waiter = runAsync(lanes.acquire(0)).then((lane) => {
      order.push('waiter')
      lanes.release(lane)
    })
    await turn()
    lanes.release(0)
    expect(lanes.tryAcquire(0)).toBeUndefined()
    const again = runAsync(lanes.acquire(0)).then((lane) => {
      order.push('again')
      lanes.release(lane)
    })
    await Promise.all([waiter, again])
    expect(order).toEqual(['waiter', 'again'])
    expect(lanes.tryAcquire(0)).toBe(0)
  })

  test.each(policies)('%s: under a scheduler the second of two waiters waits for the first', (policy) => {
    const lanes = held(make, policy)
    const scheduler = new Scheduler()
    const [first, second] = ['first', 'second'].map((name) => scheduler.add(name, lanes.acquire(0)))
    first?.resume()
    second?.resume()
    lanes.release(0)
    expect([first?.state, second?.state]).toEqual(['runnable', 'waiting'])
    first?.resume()
    lanes.release(0)
    expect(second?.state).toBe('runnable')
    second?.resume()
    expect([first?.result, second?.result]).toEqual([0, 0])
  })

  test.each(policies)(
    '%s: whoever goes away, first or in the middle, lets those after it go on',
    async (policy) => {
      const lanes = held(make, policy)
      const controllers = [0, 1, 2, 3].map(() => new AbortController())
      const order: number[] = []
      const waiters = controllers.map(async ({ signal }, i) => {
        const lane = await runAsync(lanes.acquire(0, { signal }))
        order.push(i)
        lanes.release(lane)
      })
      const ends = Promise.allSettled(waiters)
      await turn()
      controllers[0]?.abort()
      controllers[2]?.abort()
      await turn()
      lanes.release(0)
      const states = (await ends).map(({ status }) => status)
      expect(states).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled'])
      expect(order).toEqual([1, 3])
      expect(lanes.heldCount()).toBe(0)
    },
  )
}
