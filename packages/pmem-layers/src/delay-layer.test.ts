import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CannotBlockError, ClosedError, type Wait } from '@bttkit/interfaces'
import { DelayLayer } from './index.ts'
import { CALLS, FullProvider } from './recording-provider.test-support.ts'

const DELAYS = { readDelayMs: 3, writeDelayMs: 5, flushDelayMs: 7 }
const begin = (wait: Wait | undefined): Promise<unknown> => Promise.resolve(wait)

test.each([-1, 1.5, Number.NaN, 2 ** 30])('a delay of %d ms is misuse', (readDelayMs) => {
  expect(() => new DelayLayer(new FullProvider(), { readDelayMs })).toThrow(TypeError)
})

test('without a delay nothing waits', () => {
  const layer = new DelayLayer(new FullProvider())
  expect(Object.values(CALLS).map((call) => call(layer))).toEqual(Object.keys(CALLS).map(() => undefined))
  expect(layer.capabilities).toEqual(new FullProvider().capabilities)
})

test.each([
  [{ readDelayMs: 1 }, { mayWait: true, flush: 'none', durableOnWrite: true }],
  [{ writeDelayMs: 1 }, { mayWait: true, flush: 'none', durableOnWrite: true }],
  [{ flushDelayMs: 1 }, { mayWait: true, flush: 'sleeps', durableOnWrite: false }],
])('with %o it promises %o', (delays, expected) => {
  expect(new DelayLayer(new FullProvider(), delays).capabilities).toMatchObject(expected)
})

test('its waits say what they are about', () => {
  const layer = new DelayLayer(new FullProvider(), DELAYS)
  expect([layer.write(16, new Uint8Array(8))?.on, layer.flush()?.on]).toEqual([
    { object: 'provider', kind: 'write', start: 16, end: 24 },
    { object: 'provider', kind: 'flush', start: 0, end: 4096 },
  ])
})

describe('awaited', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test.each([
    ['read', 3],
    ['readInto', 3],
    ['write', 5],
    ['writeFrom', 5],
    ['writeMany', 5],
    ['zero', 5],
    ['writeThrough', 5 + 7],
    ['flush', 7],
    ['persist', 7],
    ['persistMany', 7],
  ])('%s is made after %d ms', async (method, delayMs) => {
    const inner = new FullProvider()
    const made = begin(CALLS[method]?.(new DelayLayer(inner, DELAYS)))
    await vi.advanceTimersByTimeAsync(delayMs - 1)
    expect(inner.calls).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await made
    expect(inner.calls.map(([name]) => name)).toEqual([method])
  })

  test('a writeThrough sleeps also where only flushes do', async () => {
    const inner = new FullProvider()
    const made = begin(CALLS['writeThrough']?.(new DelayLayer(inner, { flushDelayMs: 7 })))
    expect(inner.calls).toEqual([])
    await vi.advanceTimersByTimeAsync(7)
    await made
    expect(inner.calls.map(([name]) => name)).toEqual(['writeThrough'])
  })

  test('a call that several wait for is made once', async () => {
    const inner = new FullProvider()
    const wait = new DelayLayer(inner, DELAYS).flush()
    const both = Promise.all([begin(wait), begin(wait)])
    await vi.advanceTimersByTimeAsync(7)
    await both
    expect(inner.calls).toEqual([['flush']])
  })

  test('a call that sleeps over the close fails', async () => {
    const layer = new DelayLayer(new FullProvider(), DELAYS)
    const failure = begin(layer.read(0, new Uint8Array(1))).catch((error: unknown) => error)
    layer.close()
    await vi.advanceTimersByTimeAsync(3)
    expect(await failure).toBeInstanceOf(ClosedError)
  })
})

describe('blocked on', () => {
  test('a write is made after its delay, on this thread', () => {
    const inner = new FullProvider()
    const wait = new DelayLayer(inner, { writeDelayMs: 20 }).write(0, Uint8Array.of(1))
    const start = performance.now()
    expect(inner.calls).toEqual([])
    wait?.block?.()
    // A millisecond less, because the two clocks round in their own ways.
    expect(performance.now() - start).toBeGreaterThanOrEqual(19)
    expect(inner.calls.map(([name]) => name)).toEqual(['write'])
  })

  test('an inner call that only the event loop ends is refused', () => {
    const inner = new FullProvider()
    // A failure that nobody hears would end the process, and with it this test.
    inner.answer = () => Promise.reject(new Error('the disk'))
    expect(() => new DelayLayer(inner, DELAYS).flush()?.block?.()).toThrow(CannotBlockError)
  })
})
