import { getEventListeners } from 'node:events'
import { WaitCancelledError, WaitTimedOutError, type Wait, type WaitSubject } from '@bttkit/interfaces'
import { runBlocking } from '@bttkit/sleepable'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { limitedWait, nameOf } from './limited-wait.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const on: WaitSubject = { object: 'lane', kind: 'acquire', start: 3, end: 4 }

/** A wait that ends when the test says so. */
function gate(): { wait: Wait; open: (value: unknown) => void; fail: (error: unknown) => void } {
  let open: (value: unknown) => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const wait = new Promise<unknown>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { wait: Object.assign(wait, { on }), open, fail }
}

/** How a wait ended so far. */
function outcomeOf(wait: Wait): { value?: unknown } {
  const outcome: { value?: unknown } = {}
  wait.then(
    (value) => (outcome.value = value),
    (error: unknown) => (outcome.value = error),
  )
  return outcome
}

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

test('it can do what the wait within it can, and no more', () => {
  const bare = limitedWait(Promise.resolve(), {}, 'lane 3')
  expect([bare.on, bare.ready, bare.block]).toEqual([undefined, undefined, undefined])
  const whole = limitedWait(Object.assign(gate().wait, { ready: () => false, block: () => {} }), {}, 'lane 3')
  expect([whole.on, typeof whole.ready, typeof whole.block]).toEqual([on, 'function', 'function'])
})

test('without a signal or a limit it ends as the wait within it', async () => {
  const [good, bad] = [gate(), gate()]
  const waits = [good, bad].map(({ wait }) => limitedWait(wait, {}, 'lane 3'))
  good.open('opened')
  bad.fail(new Error('the disk'))
  await expect(waits[0]).resolves.toBe('opened')
  await expect(waits[1]).rejects.toThrow('the disk')
  expect(vi.getTimerCount()).toBe(0)
})

test('an abort ends it with an error that names what was waited for, and why', async () => {
  const controller = new AbortController()
  const wait = limitedWait(gate().wait, { signal: controller.signal }, 'any lane')
  const outcome = outcomeOf(wait)
  controller.abort('closing')
  await Promise.resolve()
  expect(outcome.value).toBeInstanceOf(WaitCancelledError)
  expect(outcome.value).toMatchObject({
    cause: 'closing',
    message: expect.stringMatching(/any lane/),
    errno: 'ECANCELED',
  })
})

test('a signal that is aborted already ends it before the wait within it is asked', async () => {
  const asked = vi.fn<() => void>()
  const inner: Wait = {
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) => {
      asked()
      return new Promise<void>(() => {}).then(...callbacks)
    },
  }
  await expect(limitedWait(inner, { signal: AbortSignal.abort() }, 'lane 3')).rejects.toThrow(
    WaitCancelledError,
  )
  expect(asked).not.toHaveBeenCalled()
})

test('it ends when its time is over, counted from its making, and not before', async () => {
  const wait = limitedWait(gate().wait, { limitMs: 100 }, 'lane 3')
  await vi.advanceTimersByTimeAsync(60)
  const outcome = outcomeOf(wait)
  await vi.advanceTimersByTimeAsync(39)
  expect(outcome.value).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1)
  expect(outcome.value).toBeInstanceOf(WaitTimedOutError)
  expect(outcome.value).toMatchObject({ message: expect.stringMatching(/lane 3/), errno: 'ETIMEDOUT' })
})

test('a limit beyond what a timer can be set to is kept', async () => {
  const limitMs = 2 ** 31 + 1000
  const setTimer = vi.spyOn(globalThis, 'setTimeout')
  const outcome = outcomeOf(limitedWait(gate().wait, { limitMs }, 'lane 3'))
  await vi.advanceTimersByTimeAsync(limitMs - 1)
  expect(outcome.value).toBeUndefined()
  // Node.js takes a longer time for 1 ms.
  expect(setTimer.mock.calls.map(([, ms]) => ms)).toEqual([2 ** 31 - 1, 1001])
  await vi.advanceTimersByTimeAsync(1)
  expect(outcome.value).toBeInstanceOf(WaitTimedOutError)
})

test('a limit without end sets no timer', () => {
  outcomeOf(limitedWait(gate().wait, { limitMs: Infinity }, 'lane 3'))
  expect(vi.getTimerCount()).toBe(0)
})

test('no timer runs and nobody listens before it is awaited', () => {
  const { signal } = new AbortController()
  limitedWait(gate().wait, { signal, limitMs: 100 }, 'lane 3')
  expect([vi.getTimerCount(), listenersOf(signal)]).toEqual([0, 0])
})

/** The ends of a wait, by what brings them about. */
const ends = {
  'it was opened': ({ open }: ReturnType<typeof gate>) => open('opened'),
  'it failed': ({ fail }: ReturnType<typeof gate>) => fail(new Error('the disk')),
  'it was cancelled': (_: unknown, controller: AbortController) => controller.abort(),
  'its time was over': () => vi.advanceTimersByTime(100),
  'it was closed': (_: unknown, _controller: AbortController, close: () => void) => close(),
}

test.each(Object.entries(ends))('no timer runs and nobody listens after %s', async (_, end) => {
  const inner = gate()
  const controller = new AbortController()
  const wait = limitedWait(inner.wait, { signal: controller.signal, limitMs: 100 }, 'lane 3')
  outcomeOf(wait)
  expect([vi.getTimerCount(), listenersOf(controller.signal)]).toEqual([1, 1])
  end(inner, controller, () => wait.close())
  await Promise.resolve()
  expect([vi.getTimerCount(), listenersOf(controller.signal)]).toEqual([0, 0])
})

test('a hundred waits put one listener on their signal, and each hears it', async () => {
  const controller = new AbortController()
  const outcomes = Array.from({ length: 100 }, () =>
    outcomeOf(limitedWait(gate().wait, { signal: controller.signal }, 'lane 3')),
  )
  expect(listenersOf(controller.signal)).toBe(1)
  controller.abort()
  await Promise.resolve()
  expect(outcomes.filter(({ value }) => value instanceof WaitCancelledError)).toHaveLength(100)
})

test('one that ends does not make the others deaf', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const waits = [0, 1, 2].map(() => limitedWait(gate().wait, { signal }, 'lane 3'))
  const outcomes = waits.map(outcomeOf)
  waits[0]?.close()
  waits[2]?.close()
  controller.abort()
  await Promise.resolve()
  expect(outcomes.map(({ value }) => value instanceof WaitCancelledError)).toEqual([false, true, false])
})

test('one that is closed twice does not make the others deaf', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const closed = limitedWait(gate().wait, { signal }, 'lane 3')
  outcomeOf(closed)
  closed.close()
  const outcomes = [outcomeOf(limitedWait(gate().wait, { signal }, 'lane 3'))]
  closed.close()
  outcomes.push(outcomeOf(limitedWait(gate().wait, { signal }, 'lane 3')))
  expect(listenersOf(signal)).toBe(1)
  controller.abort()
  await Promise.resolve()
  expect(outcomes.map(({ value }) => value instanceof WaitCancelledError)).toEqual([true, true])
})

test('it is ready when the wait within it is, when its signal is aborted, or when its time is over', () => {
  let isOpen = false
  const inner = Object.assign(gate().wait, { ready: () => isOpen })
  const controller = new AbortController()
  const opened = limitedWait(inner, {}, 'lane 3')
  const cancelled = limitedWait(inner, { signal: controller.signal }, 'lane 3')
  const late = limitedWait(inner, { limitMs: 100 }, 'lane 3')
  const ready = () => [opened, cancelled, late].map((wait) => wait.ready?.())
  expect(ready()).toEqual([false, false, false])
  controller.abort()
  expect(ready()).toEqual([false, true, false])
  vi.advanceTimersByTime(100)
  expect(ready()).toEqual([false, true, true])
  isOpen = true
  expect(ready()).toEqual([true, true, true])
})

test('one that blocks hears the signal and the limit before it blocks', () => {
  const block = vi.fn<() => void>()
  const inner = Object.assign(gate().wait, { block })
  const controller = new AbortController()
  const options = { signal: controller.signal, limitMs: 100 }
  const run = (wait: Wait) =>
    runBlocking(
      (function* () {
        yield wait
      })(),
    )
  run(limitedWait(inner, options, 'lane 3'))
  expect(block).toHaveBeenCalledTimes(1)
  const late = limitedWait(inner, options, 'lane 3')
  vi.advanceTimersByTime(100)
  expect(() => run(late)).toThrow(WaitTimedOutError)
  controller.abort()
  expect(() => run(limitedWait(inner, options, 'lane 3'))).toThrow(WaitCancelledError)
  expect(block).toHaveBeenCalledTimes(1)
})

test('a subject of one is named by its number, one of several is any', () => {
  expect(nameOf(on)).toBe('lane 3')
  expect(nameOf({ ...on, end: 8 })).toBe('any lane')
})

test('a wait whose promise is asked for after it was closed is over: nothing listens, no timer runs', async () => {
  const { signal } = new AbortController()
  const wait = limitedWait(gate().wait, { signal, limitMs: 1000 }, 'lane 3')
  wait.close()
  await wait
  expect([listenersOf(signal), vi.getTimerCount()]).toEqual([0, 0])
})
