/** What every lane table promises, whoever waits how. Orders of waiters are not in it: tables of several threads have none. */
import { LaneMisuseError, WouldSleepError, type LanePolicy, type LaneTable } from '@bttkit/interfaces'
import { Scheduler, runAsync, runAtomic } from '@bttkit/sleepable'
import { describe, expect, test } from 'vitest'
import { laneHoldContract } from './lane-hold-contract.test-support.ts'
import { laneOrderContract } from './lane-order-contract.test-support.ts'
import { laneWaitContract } from './lane-wait-contract.test-support.ts'
import { turn } from './threads.test-support.ts'

const policies: LanePolicy[] = ['static', 'first-idle']

export function laneTableContract(
  name: string,
  make: (lanes: number, policy: LanePolicy) => LaneTable,
): void {
  describe(`${name} as a lane table`, () => {
    laneHoldContract(make)
    laneOrderContract(make)
    laneWaitContract(make)

    test('two tasks are never in one lane, and a holder may sleep', () => {
      const { isExclusive, atomicWhileHeld } = make(1, 'static')
      expect({ isExclusive, atomicWhileHeld }).toEqual({ isExclusive: true, atomicWhileHeld: false })
    })

    test('a table of no lanes is refused', () => {
      expect(() => make(0, 'static')).toThrow(LaneMisuseError)
    })

    test('static takes the hinted lane or none', () => {
      const lanes = make(4, 'static')
      expect(lanes.laneCount).toBe(4)
      expect([6, 2, 3].map((hint) => lanes.tryAcquire(hint))).toEqual([2, undefined, 3])
    })

    test('first-idle takes the first idle lane from the hinted one on, around the end', () => {
      const lanes = make(4, 'first-idle')
      expect([6, 2, 2, 2, 2].map((hint) => lanes.tryAcquire(hint))).toEqual([2, 3, 0, 1, undefined])
    })

    test.each(policies)('%s: held lanes are counted, and are free after their release', (policy) => {
      const lanes = make(3, policy)
      expect([0, 1].map((hint) => runAtomic(lanes.acquire(hint)))).toEqual([0, 1])
      expect(lanes.heldCount()).toBe(2)
      lanes.release(0)
      expect(lanes.heldCount()).toBe(1)
      expect(lanes.tryAcquire(0)).toBe(0)
    })

    test.each([-1, -2, 0.5, NaN])('%d is no hint', (hint) => {
      expect(() => make(2, 'static').tryAcquire(hint)).toThrow(LaneMisuseError)
      expect(() => make(2, 'first-idle').acquire(hint).next()).toThrow(LaneMisuseError)
    })

    test.each(policies)(
      '%s: a lane that is not held is not released, nor one that is not there',
      (policy) => {
        const lanes = make(2, policy)
        lanes.tryAcquire(0)
        for (const lane of [1, 2, -1, 0.5, NaN]) expect(() => lanes.release(lane)).toThrow(LaneMisuseError)
        expect(lanes.heldCount()).toBe(1)
        lanes.release(0)
        expect(() => lanes.release(0)).toThrow(LaneMisuseError)
        expect(lanes.heldCount()).toBe(0)
        expect([lanes.tryAcquire(0), lanes.tryAcquire(0) ?? lanes.tryAcquire(1)]).toEqual([0, 1])
      },
    )

    test.each(policies)('%s: an atomic caller is refused, and the table stays whole', async (policy) => {
      const lanes = make(1, policy)
      lanes.tryAcquire(0)
      const before = runAsync(lanes.acquire(0))
      expect(() => runAtomic(lanes.acquire(0))).toThrow(WouldSleepError)
      expect(() => runAtomic(lanes.acquire(0))).toThrow(/use the asynchronous or the blocking form/)
      lanes.release(0)
      expect(await before).toBe(0)
      expect(() => runAtomic(lanes.acquire(0))).toThrow(WouldSleepError)
      lanes.release(0)
      expect(lanes.heldCount()).toBe(0)
      expect(runAtomic(lanes.acquire(0))).toBe(0)
    })

    test('a static waiter waits for its lane alone, and says so', async () => {
      const lanes = make(2, 'static')
      lanes.tryAcquire(0)
      lanes.tryAcquire(1)
      const looks = lanes.acquire(3)
      expect(looks.next().value).toMatchObject({ on: { object: 'lane', kind: 'acquire', start: 1, end: 2 } })
      looks.return(0)
      const waiter = runAsync(lanes.acquire(3))
      lanes.release(0)
      lanes.release(1)
      expect(await waiter).toBe(1)
    })

    test('a first-idle waiter gets whichever lane is released first', async () => {
      const lanes = make(3, 'first-idle')
      for (let lane = 0; lane < 3; lane++) lanes.tryAcquire(lane)
      const waiter = runAsync(lanes.acquire(0))
      lanes.release(2)
      expect(await waiter).toBe(2)
    })

    test.each(policies)('%s: a waiter under a scheduler goes on when a lane is to be had', (policy) => {
      const lanes = make(1, policy)
      lanes.tryAcquire(0)
      const task = new Scheduler().add('waiter', lanes.acquire(0))
      task.resume()
      expect(task.state).toBe('waiting')
      lanes.release(0)
      expect(task.state).toBe('runnable')
      task.resume()
      expect(task.result).toBe(0)
    })

    test.each(policies)('%s: a waiter that is ended takes no lane and no wake-up with it', async (policy) => {
      const lanes = make(1, policy)
      lanes.tryAcquire(0)
      const gone = lanes.acquire(0)
      void Promise.resolve(gone.next().value)
      // Lets the promises be asked, which is what registers a waiter with a shared table.
      await turn()
      const stays = runAsync(lanes.acquire(0))
      await turn()
      lanes.release(0)
      gone.return(0)
      expect(await stays).toBe(0)
    })

    test.each(policies)('%s: 64 tasks use lanes, one at a time in each', async (policy) => {
      const lanes = make(3, policy)
      const inside = new Set<number>()
      const use = async (hint: number): Promise<void> => {
        const lane = await runAsync(lanes.acquire(hint))
        expect(inside.has(lane)).toBe(false)
        inside.add(lane)
        await turn()
        inside.delete(lane)
        lanes.release(lane)
      }
      await Promise.all(Array.from({ length: 64 }, (_, task) => use(task)))
      expect(lanes.heldCount()).toBe(0)
    })
  })
}
