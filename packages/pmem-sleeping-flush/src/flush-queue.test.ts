import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CannotBlockError, ClosedError, ProviderIoError, type Wait } from '@bttkit/interfaces'
import { BareProvider } from './inner-provider.test-support.ts'
import { SleepingFlushProvider, type SleepingFlushOptions } from './index.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Begins flushes, and notes which are over and how. */
function over(options: SleepingFlushOptions): {
  inner: BareProvider
  provider: SleepingFlushProvider
  ended: string[]
  begin: (name: string, wait?: Wait) => void
} {
  const inner = new BareProvider()
  const provider = new SleepingFlushProvider(inner, options)
  const ended: string[] = []
  const begin = (name: string, wait = provider.flush()): void => {
    wait.then(
      () => ended.push(name),
      (error: Error) => ended.push(`${name} ${error.name}`),
    )
  }
  return { inner, provider, ended, begin }
}

test('with a queue of one, flushes sleep one after another, in the order in which they came', async () => {
  const { ended, begin } = over({ flushDelayMs: 5, flushQueue: 1 })
  for (const name of ['a', 'b', 'c']) begin(name)
  await vi.advanceTimersByTimeAsync(5)
  expect(ended).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(5)
  expect(ended).toEqual(['a', 'b'])
  await vi.advanceTimersByTimeAsync(5)
  expect(ended).toEqual(['a', 'b', 'c'])
})

test('with a queue of two, the third begins when one of the first ends', async () => {
  const { ended, begin } = over({ flushDelayMs: 5, flushQueue: 2 })
  for (const name of ['a', 'b', 'c']) begin(name)
  await vi.advanceTimersByTimeAsync(5)
  expect(ended).toEqual(['a', 'b'])
  await vi.advanceTimersByTimeAsync(4)
  expect(ended).toEqual(['a', 'b'])
  await vi.advanceTimersByTimeAsync(1)
  expect(ended).toEqual(['a', 'b', 'c'])
})

test('128 sleep side by side where nothing else is said, and the next one waits', async () => {
  const { ended, begin } = over({ flushDelayMs: 5 })
  for (let number = 0; number < 129; number++) begin(`${number}`)
  await vi.advanceTimersByTimeAsync(5)
  expect(ended).toHaveLength(128)
  await vi.advanceTimersByTimeAsync(5)
  expect(ended).toHaveLength(129)
})

test('a slot is kept until the inner flush is over', async () => {
  const { inner, ended, begin } = over({ flushDelayMs: 5, flushQueue: 1 })
  let end = (): void => {}
  inner.onFlush = () => new Promise<void>((resolve) => (end = resolve))
  begin('a')
  begin('b')
  await vi.advanceTimersByTimeAsync(50)
  expect(inner.log).toEqual(['flush'])
  end()
  await vi.advanceTimersByTimeAsync(5)
  expect([ended, inner.log]).toEqual([['a'], ['flush', 'flush']])
})

test('a flush that fails gives its slot to the next', async () => {
  const { provider, ended, begin } = over({ flushDelayMs: 5, flushQueue: 1 })
  provider.failFlushes(1)
  begin('a')
  begin('b')
  await vi.advanceTimersByTimeAsync(10)
  expect(ended).toEqual(['a ProviderIoError', 'b'])
})

test('who blocks gets no slot that an awaited flush has, and leaves the queue as it is', async () => {
  const { provider, ended, begin } = over({ flushDelayMs: 5, flushQueue: 1 })
  begin('a')
  expect(() => provider.flush().block?.()).toThrow(CannotBlockError)
  begin('b')
  await vi.advanceTimersByTimeAsync(10)
  expect(ended).toEqual(['a', 'b'])
})

test('the flushes of a closed storage fail at once, those that wait for a slot too', async () => {
  const { provider, ended, begin } = over({ flushDelayMs: 5, flushQueue: 1 })
  begin('a')
  begin('b')
  provider.close()
  await vi.advanceTimersByTimeAsync(0)
  expect(ended).toEqual(['a ClosedError', 'b ClosedError'])
  expect(() => provider.flush()).toThrow(ClosedError)
})

test.each([0, -1, 1.5, Number.NaN])('a queue of %d is misuse', (flushQueue) => {
  expect(() => over({ flushQueue })).toThrow(TypeError)
})

test('each flush takes the next delay, in the order in which they begin', async () => {
  const delays = { fromMs: 1, toMs: 100, seed: 3 }
  const lengths = async (): Promise<number[]> => {
    const { provider } = over({ flushDelayMs: delays, flushQueue: 1 })
    const found: number[] = []
    for (let number = 0; number < 5; number++) {
      const start = Date.now()
      const flushed = Promise.resolve(provider.flush())
      await vi.runAllTimersAsync()
      await flushed
      found.push(Date.now() - start)
    }
    return found
  }
  const first = await lengths()
  expect(new Set(first).size).toBeGreaterThan(2)
  expect(await lengths()).toEqual(first)
})

test('so many flushes fail as were told to, persists too, without the inner flush', async () => {
  const { inner, provider, ended, begin } = over({ flushDelayMs: 1, flushQueue: 1 })
  provider.failFlushes(2)
  begin('a')
  begin('b', provider.persist(0, 8))
  begin('c')
  await vi.advanceTimersByTimeAsync(3)
  expect(ended).toEqual(['a ProviderIoError', 'b ProviderIoError', 'c'])
  expect(inner.log).toEqual(['flush'])
})

test('those fail for which a predicate is true', async () => {
  const { provider, ended, begin } = over({ flushDelayMs: 1, flushQueue: 1 })
  provider.failFlushes((nth) => nth === 2)
  for (const name of ['a', 'b', 'c']) begin(name)
  await vi.advanceTimersByTimeAsync(3)
  expect(ended).toEqual(['a', 'b ProviderIoError', 'c'])
})

test('a failure that was told to is EIO, and is thrown to who blocks', () => {
  const { provider } = over({ flushDelayMs: 0 })
  provider.failFlushes(1)
  const wait = provider.flush()
  expect(() => wait.block?.()).toThrow(expect.objectContaining({ errno: 'EIO' }))
  // The same failure, and not a second flush.
  expect(() => wait.block?.()).toThrow(ProviderIoError)
})

test('failing can be ended', async () => {
  const { provider, ended, begin } = over({ flushDelayMs: 1 })
  provider.failFlushes(5)
  provider.failFlushes(0)
  begin('a')
  await vi.advanceTimersByTimeAsync(1)
  expect(ended).toEqual(['a'])
  expect(() => provider.failFlushes(-1)).toThrow(TypeError)
})
