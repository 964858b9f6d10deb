import { expect, test } from 'vitest'
import { ProviderIoError } from '@bttkit/interfaces'
import { FaultLayer } from './index.ts'
import { failing, faulty } from './failing-calls.test-support.ts'
import { BareProvider, bytesOf } from './recording-provider.test-support.ts'

test.each([
  [3, [3]],
  [{ first: 3 }, [3, 4, 5]],
  [{ first: 2, last: 4 }, [2, 3, 4]],
])('of five calls %o strikes %o', (nth, expected) => {
  const { layer } = faulty({ on: 'flush', effect: 'error', nth })
  expect(failing(5, () => layer.flush())).toEqual(expected)
})

test('a rule with a stage strikes the calls for that stage', () => {
  const { layer } = faulty({ on: 'write', effect: 'error', stage: 'flog half 1' })
  const struck = failing(1, () => {
    layer.annotate?.('flog half 1', 0)
    layer.write(0, Uint8Array.of(1))
  })
  expect(struck).toEqual([1])
})

test.each(['flog', 'flog half 0', 'map'] as const)('and none for the stage %s', (stage) => {
  const { layer } = faulty({ on: 'write', effect: 'error', stage: 'flog half 1' })
  layer.annotate?.(stage, 0)
  expect(layer.write(0, Uint8Array.of(1))).toBeUndefined()
})

test('and none of which nobody told', () => {
  const { layer } = faulty({ on: 'write', effect: 'error', stage: 'data' })
  expect(failing(2, () => layer.write(0, Uint8Array.of(1)))).toEqual([])
})

test('what a call is for is told for that call only, of whatever kind it is', () => {
  const { layer } = faulty({ on: 'write', effect: 'error', stage: 'data' })
  layer.annotate?.('data', 0)
  layer.flush()
  expect(layer.write(0, Uint8Array.of(1))).toBeUndefined()
})

test('a rule with a lane strikes the calls in that lane', () => {
  const { layer } = faulty({ on: 'write', effect: 'error', lane: 0 })
  const lanes = [0, 1, undefined, 0]
  const struck = failing(4, () => {
    layer.annotate?.('data', lanes.shift())
    layer.write(0, Uint8Array.of(1))
  })
  expect(struck).toEqual([1, 4])
})

test('only calls that meet all conditions are counted', () => {
  const { layer } = faulty({ on: 'write', effect: 'error', stage: 'map', lane: 1, nth: 2 })
  const calls = [
    ['map', 1],
    ['map', 0],
    ['data', 1],
    ['map', 1],
  ] as const
  let next = 0
  const struck = failing(4, () => {
    const [stage, lane] = calls[next++] ?? expect.fail('no more calls')
    layer.annotate?.(stage, lane)
    layer.write(0, Uint8Array.of(1))
  })
  expect(struck).toEqual([4])
})

test('stages are known also over a provider that is not told', () => {
  const inner = new BareProvider()
  const layer = new FaultLayer(inner, { faults: [{ on: 'flush', effect: 'error', stage: 'data' }] })
  layer.annotate?.('data')
  expect(() => layer.flush()).toThrow(ProviderIoError)
  expect(inner.calls).toEqual([])
})

test('the inner provider is told what a short write is for, and nothing of a call that it does not get', () => {
  const { inner, layer } = faulty(
    { on: 'write', effect: 'short', storedBytes: 1 },
    { on: 'flush', effect: 'error' },
  )
  layer.annotate?.('data', 2)
  expect(() => layer.write(0, Uint8Array.of(7, 7))).toThrow(ProviderIoError)
  expect(inner.calls.map(([name]) => name)).toEqual(['annotate', 'write'])
  expect(bytesOf(inner, 0, 2)).toEqual([7, 0])
  layer.annotate?.('data', 2)
  expect(() => layer.flush()).toThrow(ProviderIoError)
  layer.read(0, new Uint8Array(1))
  expect(inner.calls.slice(2).map(([name]) => name)).toEqual(['read'])
})
