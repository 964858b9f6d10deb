import { describe, expect, test } from 'vitest'
import { TraceLayer, toJsonLine, toTraceEventLines, TRACE_EVENTS_BEGIN, type TraceRecord } from './index.ts'
import { CALLS, FullProvider, waitThatEnds } from './recording-provider.test-support.ts'

/** A layer whose clock ticks once each time that somebody looks. */
function traced(): { inner: FullProvider; layer: TraceLayer; records: TraceRecord[] } {
  const inner = new FullProvider()
  const records: TraceRecord[] = []
  let ms = 0
  const layer = new TraceLayer(inner, { sink: (record) => void records.push(record), now: () => ms++ })
  return { inner, layer, records }
}

test.each([
  ['read', 'read', 16, 8],
  ['readInto', 'read', 16, 8],
  ['write', 'write', 16, 8],
  ['writeFrom', 'write', 16, 8],
  ['writeMany', 'write', 16, 8],
  ['zero', 'write', 16, 8],
  ['flush', 'flush', 0, 4096],
  ['persist', 'flush', 16, 8],
  ['lock', 'lock', 0, 0],
  ['close', 'close', 0, 0],
])('%s makes one record', (method, kind, offset, length) => {
  const { layer, records } = traced()
  CALLS[method]?.(layer)
  expect(records).toEqual([
    { number: 1, method, kind, offset, length, startMs: 0, durationMs: 1, failed: false },
  ])
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

test('a call that throws has failed, and throws', () => {
  const { inner, layer, records } = traced()
  const failure = new Error('the disk')
  inner.answer = () => {
    throw failure
  }
  expect(() => layer.flush()).toThrow(failure)
  expect(records).toMatchObject([{ method: 'flush', failed: true }])
})

describe.each([
  ['succeeds', undefined],
  ['fails', new Error('the disk')],
])('a wait that %s', (_, failure) => {
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
    expect(records).toMatchObject([{ durationMs: 1, failed: failure !== undefined }])
  })

  test('is recorded when it was blocked on', () => {
    const { inner, layer, records } = traced()
    inner.answer = () => waitThatEnds(failure)
    const wait = layer.flush()
    if (failure === undefined) wait?.block?.()
    else expect(() => wait?.block?.()).toThrow(failure)
    expect(records).toMatchObject([{ failed: failure !== undefined }])
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

const RECORD: TraceRecord = {
  number: 3,
  method: 'write',
  kind: 'write',
  offset: 16,
  length: 8,
  startMs: 1.5,
  durationMs: 0.25,
  failed: true,
}

test('a JSON line is the record', () => {
  const line = toJsonLine(RECORD)
  expect(line.endsWith('}\n')).toBe(true)
  expect(JSON.parse(line)).toEqual(RECORD)
})

test('a trace for Chrome has a begin and an end of each call, in microseconds', () => {
  const text = `${TRACE_EVENTS_BEGIN}${toTraceEventLines(RECORD)}`
  const common = { name: 'write', cat: 'write', id: 3, pid: process.pid, tid: 0 }
  expect(JSON.parse(`${text.replace(/,\n$/, '')}]`)).toEqual([
    { ...common, ph: 'b', ts: 1500, args: { offset: 16, length: 8 } },
    { ...common, ph: 'e', ts: 1750, args: { failed: true } },
  ])
})

test('threads cannot have it, for a reason', () => {
  const { layer } = traced()
  expect(() => layer.share?.()).toThrow(/a trace is of one thread, because/)
})
