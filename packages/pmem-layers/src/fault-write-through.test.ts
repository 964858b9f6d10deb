/** A write that is durable at once is a write and a flush, in this order. */
import { describe, expect, test } from 'vitest'
import { ProviderIoError } from '@bttkit/interfaces'
import { FaultLayer, type FaultRule } from './index.ts'
import { failing, faulty } from './failing-calls.test-support.ts'
import { bytesOf, CALLS, FullProvider, waitThatEnds } from './recording-provider.test-support.ts'

const writeThrough = (layer: FaultLayer): unknown => CALLS['writeThrough']?.(layer)
const ONES = [1, 1, 1, 1, 1, 1, 1, 1]
const ZEROS = [0, 0, 0, 0, 0, 0, 0, 0]

test.each(['write', 'flush'] as const)('it is counted among the calls of kind %s', (on) => {
  const { layer } = faulty({ on, effect: 'error', nth: 2 })
  if (on === 'write') layer.write(0, Uint8Array.of(1))
  else layer.flush()
  expect(failing(1, () => writeThrough(layer))).toEqual([1])
})

test.each<[string, FaultRule, number[]]>([
  ['a write that fails stores nothing', { on: 'write', effect: 'error' }, ZEROS],
  [
    'a short write stores its beginning',
    { on: 'write', effect: 'short', storedBytes: 3 },
    [1, 1, 1, 0, 0, 0, 0, 0],
  ],
  ['a write that crashes stores nothing', { on: 'write', effect: 'crash' }, ZEROS],
  ['a flush that fails leaves the write stored', { on: 'flush', effect: 'error' }, ONES],
  ['a flush that crashes leaves the write stored', { on: 'flush', effect: 'crash' }, ONES],
])('%s', (_, rule, expected) => {
  const { inner, layer } = faulty(rule)
  expect(() => writeThrough(layer)).toThrow(ProviderIoError)
  expect(bytesOf(inner, 16, 8)).toEqual(expected)
  expect(inner.calls.map(([name]) => name)).not.toContain('writeThrough')
})

test('where both would fail, the write does, whatever the order of the rules', () => {
  const { inner, layer } = faulty({ on: 'flush', effect: 'error' }, { on: 'write', effect: 'error' })
  expect(() => writeThrough(layer)).toThrow(/the write of writeThrough/)
  expect(bytesOf(inner, 16, 8)).toEqual(ZEROS)
})

test('a crash in its flush is the end of the storage', () => {
  const { layer } = faulty({ on: 'flush', effect: 'crash' })
  expect(() => writeThrough(layer)).toThrow(/the flush of writeThrough/)
  expect(() => layer.read(0, new Uint8Array(1))).toThrow('the storage crashed')
})

describe('a flush that fails', () => {
  test('comes when the write is over', async () => {
    const { inner, layer } = faulty({ on: 'flush', effect: 'error' })
    inner.answer = () => waitThatEnds()
    await expect(Promise.resolve(writeThrough(layer))).rejects.toThrow(ProviderIoError)
  })

  test('leaves good what the write has cleared', () => {
    const layer = new FaultLayer(new FullProvider(), {
      faults: [{ on: 'flush', effect: 'error' }],
      mediaErrors: [{ offset: 512, length: 512 }],
    })
    expect(() => layer.writeThrough?.(512, new Uint8Array(512), 0, 512)).toThrow(ProviderIoError)
    expect(layer.badBlocks()).toEqual([])
  })
})
