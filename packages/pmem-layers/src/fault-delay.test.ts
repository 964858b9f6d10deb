import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ProviderIoError, type Wait } from '@bttkit/interfaces'
import { DelayLayer, FaultLayer } from './index.ts'
import { faulty } from './failing-calls.test-support.ts'
import { CALLS, FullProvider } from './recording-provider.test-support.ts'

const begin = (wait: Wait | undefined): Promise<unknown> => Promise.resolve(wait)

/** The methods that came to the inner provider. */
const methods = ({ calls }: FullProvider): unknown[] => calls.map(([name]) => name)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a delay is of the calls that it strikes, and they are made then', async () => {
  const { inner, layer } = faulty({ on: 'write', effect: 'delay', delayMs: 5, nth: 2 })
  expect(layer.write(0, Uint8Array.of(1))).toBeUndefined()
  const made = begin(layer.write(0, Uint8Array.of(2)))
  await vi.advanceTimersByTimeAsync(4)
  expect(methods(inner)).toEqual(['write'])
  await vi.advanceTimersByTimeAsync(1)
  await made
  expect(methods(inner)).toEqual(['write', 'write'])
})

test.each([
  ['of one call add up', 'flush', 5],
  ['of both kinds are those of a writeThrough', 'writeThrough', 12],
])('delays %s', async (_, method, delayMs) => {
  const { inner, layer } = faulty(
    { on: 'flush', effect: 'delay', delayMs: 2 },
    { on: 'flush', effect: 'delay', delayMs: 3 },
    { on: 'write', effect: 'delay', delayMs: 7 },
  )
  const made = begin(CALLS[method]?.(layer))
  await vi.advanceTimersByTimeAsync(delayMs - 1)
  expect(methods(inner)).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  await made
  expect(methods(inner)).toEqual([method])
})

test('a failure of the same call comes after its delay', async () => {
  const { inner, layer } = faulty(
    { on: 'flush', effect: 'delay', delayMs: 2 },
    { on: 'flush', effect: 'error' },
  )
  const failure = begin(layer.flush()).catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(2)
  expect(await failure).toBeInstanceOf(ProviderIoError)
  expect(inner.calls).toEqual([])
})

test('what sleeps when the storage crashes is not made', async () => {
  const { inner, layer } = faulty(
    { on: 'write', effect: 'delay', delayMs: 2 },
    { on: 'flush', effect: 'crash' },
  )
  const failure = begin(layer.write(0, Uint8Array.of(1))).catch((error: unknown) => error)
  expect(() => layer.flush()).toThrow(ProviderIoError)
  await vi.advanceTimersByTimeAsync(2)
  expect(await failure).toBeInstanceOf(ProviderIoError)
  expect(inner.calls).toEqual([])
})

test('media errors are met when the delay is over', async () => {
  const layer = new FaultLayer(new FullProvider(), {
    faults: [{ on: 'read', effect: 'delay', delayMs: 2 }],
    mediaErrors: [{ offset: 0, length: 512 }],
  })
  const made = begin(layer.read(0, new Uint8Array(1)))
  layer.write(0, new Uint8Array(512))
  await vi.advanceTimersByTimeAsync(2)
  await expect(made).resolves.toBeUndefined()
})

describe('it promises', () => {
  test.each([
    ['nothing else without rules', [], { mayWait: false, flush: 'none', durableOnWrite: true }],
    [
      'waits where something is delayed',
      [{ on: 'read', effect: 'delay', delayMs: 1 }],
      { mayWait: true, flush: 'none', durableOnWrite: true },
    ],
    [
      'a flush that has to be asked for where flushes fail',
      [{ on: 'flush', effect: 'error' }],
      { mayWait: false, flush: 'immediate', durableOnWrite: false },
    ],
    [
      'a flush that sleeps where flushes are delayed',
      [{ on: 'flush', effect: 'delay', delayMs: 1 }],
      { mayWait: true, flush: 'sleeps', durableOnWrite: false },
    ],
  ] as const)('%s', (_, faults, expected) => {
    expect(faulty(...faults).layer.capabilities).toMatchObject(expected)
  })

  test('that a flush sleeps, still, where it does below', () => {
    const inner = new DelayLayer(new FullProvider(), { flushDelayMs: 1 })
    const layer = new FaultLayer(inner, { faults: [{ on: 'flush', effect: 'error' }] })
    expect(layer.capabilities).toMatchObject({ mayWait: true, flush: 'sleeps' })
  })
})
