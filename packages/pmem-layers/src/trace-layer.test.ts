import { describe, expect, test } from 'vitest'
import { BadBlockError } from '@bttkit/interfaces'
import { TraceLayer, type TraceRecord } from './index.ts'
import { BareProvider, CALLS, FullProvider, waitThatEnds } from './recording-provider.test-support.ts'

/** A layer whose clock ticks once each time that somebody looks. */
function traced(): { inner: FullProvider; layer: TraceLayer; records: TraceRecord[] } {
  const inner = new FullProvider()
  const records: TraceRecord[] = []
  let ms = 0
  const layer = new TraceLayer(inner, { sink: (record) => void records.push(record), now: () => ms++ })
  return { inner, layer, records }
}

test.each([
  ['read', 16, 8],
  ['readInto', 16, 8],
  ['write', 16, 8],
  ['writeFrom', 16, 8],
  ['writeMany', 16, 8],
  ['writeThrough', 16, 8],
  ['zero', 16, 8],
  ['flush', 0, 4096],
  ['persist', 16, 8],
  ['persistMany', 16, 8],
  ['lock', 0, 0],
  ['close', 0, 0],
])('%s makes one record', (method, offset, length) => {
  const { layer, records } = traced()
  CALLS[method]?.(layer)
  expect(records).toEqual([{ number: 1, method, offset, length, startMs: 0, endMs: 1 }])
})

test('a record has the stage and the lane of its call, and of no other', () => {
  const { layer, records } = traced()
  layer.annotate?.('flog half 0', 3)
  layer.flush()
  layer.annotate?.('info')
  layer.flush()
  layer.flush()
  expect(records.map(({ stage, lane }) => [stage, lane])).toEqual([
    ['flog half 0', 3],
    ['info', undefined],
    [undefined, undefined],
  ])
})

test('stages are known also over a provider that is not told', () => {
  const records: TraceRecord[] = []
  const layer = new TraceLayer(new BareProvider(), { sink: (record) => void records.push(record) })
  layer.annotate?.('data', 0)
  layer.flush()
  expect(records).toMatchObject([{ stage: 'data', lane: 0 }])
})

test('calls are counted as they begin', () => {
  const { layer, records } = traced()
  layer.flush()
  layer.flush()
  expect(records.map(({ number, startMs }) => [number, startMs])).toEqual([
    [1, 0],
    [2, 2],
  ])
})

test.each([
  [new BadBlockError({}, 'bad'), 'BTT_BAD_BLOCK'],
  [Object.assign(new Error('full'), { code: 'ENOSPC' }), 'ENOSPC'],
  [new TypeError('misuse'), 'TypeError'],
])('a call that throws %s has failed with %s, and throws', (failure, error) => {
  const { inner, layer, records } = traced()
  inner.answer = () => {
    throw failure
  }
  expect(() => layer.flush()).toThrow(failure)
  expect(records).toMatchObject([{ method: 'flush', error }])
})

describe.each([
  ['succeeds', undefined, {}],
  ['fails', new RangeError('the disk'), { error: 'RangeError' }],
])('a wait that %s', (_, failure, ending) => {
  const expected = { number: 1, method: 'flush', offset: 0, length: 4096, startMs: 0, endMs: 1, ...ending }

  test('is recorded when it was awaited', async () => {
    const { inner, layer, records } = traced()
    inner.answer = () => waitThatEnds(failure)
    const wait = layer.flush()
    expect(records).toEqual([])
    const ended = await Promise.resolve(wait).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(ended).toBe(failure)
    expect(records).toEqual([expected])
  })

  test('is recorded when it was blocked on', () => {
    const { inner, layer, records } = traced()
    inner.answer = () => waitThatEnds(failure)
    const wait = layer.flush()
    if (failure === undefined) wait?.block?.()
    else expect(() => wait?.block?.()).toThrow(failure)
    expect(records).toEqual([expected])
  })
})

test('a wait that several wait for is one record', async () => {
  const { inner, layer, records } = traced()
  inner.answer = () => waitThatEnds()
  const wait = layer.flush()
  wait?.block?.()
  await wait
  await wait
  expect(records).toHaveLength(1)
})

test('a wait keeps what the inner one knows, and no more', () => {
  const { inner, layer } = traced()
  const on = { object: 'provider', kind: 'flush', start: 0, end: 1 } as const
  inner.answer = () => Object.assign(waitThatEnds(), { on, ready: () => true })
  expect(layer.flush()).toMatchObject({ on })
  expect(layer.flush()?.ready?.()).toBe(true)
  inner.answer = () => Promise.resolve()
  const wait = layer.flush()
  expect(Object.keys(wait ?? {})).toEqual(['then'])
})

test('threads cannot have it, for a reason', () => {
  const { layer } = traced()
  expect(() => layer.share?.()).toThrow(/a trace is of one thread, because/)
})
