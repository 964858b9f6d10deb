/** What every lane table promises about the end of a wait: by a signal, by a limit, by its driver. */
import { getEventListeners } from 'node:events'
import { WaitCancelledError, WaitTimedOutError, type LanePolicy, type LaneTable } from '@bttkit/interfaces'
import { Scheduler, runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { turn } from './threads.test-support.ts'

type Make = (lanes: number, policy: LanePolicy) => LaneTable

const policies: LanePolicy[] = ['static', 'first-idle']
const NAMES = [
  ['static', /lane 0/],
  ['first-idle', /any lane/],
] as const
/** A limit that no test reaches. */
const LONG_MS = 60_000

/** A table all of whose lanes are held. */
function full(make: Make, policy: LanePolicy, laneCount = 1): LaneTable {
  const lanes = make(laneCount, policy)
  for (let lane = 0; lane < laneCount; lane++) lanes.tryAcquire(lane)
  return lanes
}

function signalContract(make: Make): void {
  test.each(policies)(
    '%s: a signal that is aborted already is refused, also where a lane is idle',
    (policy) => {
      const signal = AbortSignal.abort('closing')
      for (const lanes of [make(1, policy), full(make, policy)]) {
        const held = lanes.heldCount()
        const acquire = () => lanes.acquire(0, { signal }).next()
        expect(acquire).toThrow(WaitCancelledError)
        expect(acquire).toThrow(expect.objectContaining({ cause: 'closing' }))
        expect(lanes.heldCount()).toBe(held)
      }
    },
  )

  test.each(NAMES)(
    '%s: a signal ends a wait, says why, and names what was waited for',
    async (policy, name) => {
      const lanes = full(make, policy, 2)
      const controller = new AbortController()
      const waiter = runAsync(lanes.acquire(0, { signal: controller.signal }))
      await turn()
      controller.abort('closing')
      await expect(waiter).rejects.toThrow(WaitCancelledError)
      await expect(waiter).rejects.toMatchObject({ cause: 'closing', message: expect.stringMatching(name) })
      lanes.release(0)
      lanes.release(1)
      expect(lanes.heldCount()).toBe(0)
    },
  )

  test.each(policies)('%s: one that is cancelled lets the others be served', async (policy) => {
    const lanes = full(make, policy)
    const controller = new AbortController()
    const gone = runAsync(lanes.acquire(0, { signal: controller.signal }))
    const stays = runAsync(lanes.acquire(0))
    await turn()
    controller.abort()
    await expect(gone).rejects.toThrow(WaitCancelledError)
    lanes.release(0)
    expect(await stays).toBe(0)
  })

  test.each([
    ['static', 'release first'],
    ['static', 'abort first'],
    ['first-idle', 'release first'],
    ['first-idle', 'abort first'],
  ] as const)('%s: a lane that comes with the abort goes to somebody else (%s)', async (policy, order) => {
    const lanes = full(make, policy)
    const controller = new AbortController()
    const gone = runAsync(lanes.acquire(0, { signal: controller.signal }))
    const stays = runAsync(lanes.acquire(0))
    await turn()
    if (order === 'abort first') controller.abort()
    lanes.release(0)
    if (order === 'release first') controller.abort()
    await expect(gone).rejects.toThrow(WaitCancelledError)
    expect(await stays).toBe(0)
    lanes.release(0)
    expect(lanes.heldCount()).toBe(0)
  })

  test.each(policies)('%s: a task under a scheduler hears of the abort when it is continued', (policy) => {
    const lanes = full(make, policy)
    const controller = new AbortController()
    const task = new Scheduler().add('waiter', lanes.acquire(0, { signal: controller.signal }))
    task.resume()
    expect(task.state).toBe('waiting')
    controller.abort('closing')
    expect(task.state).toBe('runnable')
    task.resume()
    expect(task.error).toBeInstanceOf(WaitCancelledError)
    expect(task.error).toMatchObject({ cause: 'closing' })
    lanes.release(0)
    expect(lanes.heldCount()).toBe(0)
  })

  test.each(policies)('%s: also when the lane was to be had before the abort', (policy) => {
    const lanes = full(make, policy)
    const controller = new AbortController()
    const scheduler = new Scheduler()
    const gone = scheduler.add('gone', lanes.acquire(0, { signal: controller.signal }))
    const stays = scheduler.add('stays', lanes.acquire(0))
    gone.resume()
    stays.resume()
    lanes.release(0)
    controller.abort()
    gone.resume()
    expect(gone.error).toBeInstanceOf(WaitCancelledError)
    stays.resume()
    expect(stays.result).toBe(0)
  })
}

function limitContract(make: Make): void {
  test.each(NAMES)('%s: a limit ends a wait, and names what was waited for', async (policy, name) => {
    const lanes = full(make, policy, 2)
    const waiter = runAsync(lanes.acquire(0, { limitMs: 5 }))
    await expect(waiter).rejects.toThrow(WaitTimedOutError)
    await expect(waiter).rejects.toThrow(name)
    lanes.release(0)
    lanes.release(1)
    expect(lanes.heldCount()).toBe(0)
  })

  test.each(policies)('%s: one whose time is over lets the others be served', async (policy) => {
    const lanes = full(make, policy)
    const gone = runAsync(lanes.acquire(0, { limitMs: 5 }))
    const stays = runAsync(lanes.acquire(0, { limitMs: LONG_MS }))
    await expect(gone).rejects.toThrow(WaitTimedOutError)
    lanes.release(0)
    expect(await stays).toBe(0)
  })

  test.each(policies)('%s: a limit of 0 takes an idle lane, and waits for none', (policy) => {
    const lanes = make(1, policy)
    expect(lanes.acquire(0, { limitMs: 0 }).next()).toEqual({ done: true, value: 0 })
    expect(() => lanes.acquire(0, { limitMs: 0 }).next()).toThrow(WaitTimedOutError)
    lanes.release(0)
    expect(lanes.heldCount()).toBe(0)
  })

  test.each([-1, NaN])('a limit of %d milliseconds is none', (limitMs) => {
    expect(() => make(1, 'static').acquire(0, { limitMs }).next()).toThrow(TypeError)
    expect(() => full(make, 'static').acquire(0, { limitMs }).next()).toThrow(TypeError)
  })

  test.each(policies)(
    '%s: a task under a scheduler hears that its time is over when it is continued',
    async (policy) => {
      const lanes = full(make, policy)
      const task = new Scheduler().add('waiter', lanes.acquire(0, { limitMs: 50 }))
      task.resume()
      expect(task.state).toBe('waiting')
      await expect.poll(() => task.state, { interval: 1 }).toBe('runnable')
      task.resume()
      expect(task.error).toBeInstanceOf(WaitTimedOutError)
    },
  )
}

function afterwardsContract(make: Make): void {
  test.each(policies)('%s: nothing listens to a signal after the wait, however it ended', async (policy) => {
    const lanes = full(make, policy)
    const controller = new AbortController()
    const { signal } = controller
    const listeners = () => getEventListeners(signal, 'abort').length

    const late = runAsync(lanes.acquire(0, { signal, limitMs: 5 }))
    // The promise is asked in the next microtask.
    await Promise.resolve()
    expect(listeners()).toBeGreaterThan(0)
    await expect(late).rejects.toThrow(WaitTimedOutError)
    expect(listeners()).toBe(0)

    const ended = lanes.acquire(0, { signal })
    void Promise.resolve(ended.next().value)
    await turn()
    expect(listeners()).toBeGreaterThan(0)
    ended.return(0)
    expect(listeners()).toBe(0)

    const served = runAsync(lanes.acquire(0, { signal }))
    await turn()
    lanes.release(0)
    expect(await served).toBe(0)
    expect(listeners()).toBe(0)

    const cancelled = runAsync(lanes.acquire(0, { signal }))
    await turn()
    controller.abort()
    await expect(cancelled).rejects.toThrow(WaitCancelledError)
    expect(listeners()).toBe(0)
  })

  test.each(policies)('%s: an abort after the wait changes nothing', async (policy) => {
    const lanes = full(make, policy)
    const controller = new AbortController()
    const waiter = runAsync(lanes.acquire(0, { signal: controller.signal, limitMs: LONG_MS }))
    await turn()
    lanes.release(0)
    expect(await waiter).toBe(0)
    controller.abort()
    await turn()
    expect([lanes.heldCount(), lanes.tryAcquire(0)]).toEqual([1, undefined])
    lanes.release(0)
  })

  test.each(policies)(
    '%s: of many that wait some are cancelled, and all others are served',
    async (policy) => {
      const lanes = full(make, policy)
      const controller = new AbortController()
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, async (_, task) => {
          // Of each four, one goes with the signal, and one after a while.
          const options = [{}, { signal: controller.signal }, { limitMs: LONG_MS }, { limitMs: 5 }][task % 4]
          const acquired = runAsync(lanes.acquire(task, options))
          if (task === 39) {
            controller.abort()
            setTimeout(() => lanes.release(0), 20)
          }
          try {
            lanes.release(await acquired)
            return 'served'
          } catch (error) {
            return error instanceof WaitCancelledError
              ? 'cancelled'
              : error instanceof WaitTimedOutError
                ? 'late'
                : error
          }
        }),
      )
      expect(outcomes).toEqual(
        Array.from({ length: 10 }, () => ['served', 'cancelled', 'served', 'late']).flat(),
      )
      expect(lanes.heldCount()).toBe(0)
    },
  )
}

export function laneWaitContract(make: Make): void {
  signalContract(make)
  limitContract(make)
  afterwardsContract(make)
}
