import { expect, test } from 'vitest'
import { JsonLines, TraceEvents, type TraceFormat, type TraceRecord } from './index.ts'

interface Event {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur: number
  readonly args: Record<string, unknown>
}

let numbers = 0
const record = (startMs: number, endMs: number, rest: Partial<TraceRecord> = {}): TraceRecord => ({
  number: ++numbers,
  method: 'write',
  offset: 16,
  length: 8,
  startMs,
  endMs,
  ...rest,
})

const textOf = (format: TraceFormat, records: readonly TraceRecord[]): string =>
  format.begin + records.map((one) => format.add(one)).join('')

/** The events of a trace that was closed. */
const eventsOf = (...records: TraceRecord[]): Event[] =>
  JSON.parse(textOf(new TraceEvents(), [...records, record(1e6, 1e6, { method: 'close' })]))

/** The name of the thread of each call but the close. */
function threadsOf(...records: TraceRecord[]): unknown[] {
  const events = eventsOf(...records)
  const names = new Map(
    events.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args['name']]),
  )
  return events
    .filter(({ ph }) => ph === 'X')
    .map(({ tid }) => names.get(tid))
    .slice(0, -1)
}

test('JSON lines are the records', () => {
  const records = [record(1.5, 1.75, { stage: 'map', lane: 0, error: 'BTT_PROVIDER_IO' }), record(2, 3)]
  const lines = textOf(new JsonLines(), records).split('\n')
  expect(lines.pop()).toBe('')
  expect(lines.map((line) => JSON.parse(line))).toEqual(records)
})

test('a call is an event with its beginning and its length, in microseconds', () => {
  const call = eventsOf(record(1.5, 1.75, { number: 3, error: 'BTT_PROVIDER_IO' })).find(
    ({ ph }) => ph === 'X',
  )
  expect(call).toEqual({
    name: 'write',
    cat: 'write',
    ph: 'X',
    pid: process.pid,
    tid: expect.any(Number),
    ts: 1500,
    dur: 250,
    args: { number: 3, method: 'write', offset: 16, length: 8, error: 'BTT_PROVIDER_IO' },
  })
})

test('it has the name of its stage', () => {
  const call = eventsOf(record(0, 1, { stage: 'flog half 1', lane: 2 })).find(({ ph }) => ph === 'X')
  expect(call).toMatchObject({ name: 'flog half 1', args: { method: 'write' } })
})

test('each lane is a thread, and so are the calls in no lane', () => {
  const calls = [
    record(0, 1, { lane: 2 }),
    record(1, 2),
    record(2, 3, { lane: 0 }),
    record(3, 4, { lane: 2 }),
  ]
  expect(threadsOf(...calls)).toEqual(['lane 2', 'no lane', 'lane 0', 'lane 2'])
})

test('threads stand in the order of the lanes, those in no lane first', () => {
  const events = eventsOf(record(0, 1, { lane: 2 }), record(1, 2), record(2, 3, { lane: 0 }))
  const places = events
    .filter(({ name }) => name === 'thread_sort_index')
    .map(({ args }) => args['sort_index'])
  expect(places).toEqual([2, -1, 0])
})

test('a thread has its name before its first call', () => {
  const events = eventsOf(record(0, 1, { lane: 1 }), record(0, 2, { lane: 1 }), record(2, 3))
  const named = new Set<number>()
  for (const { name, ph, tid } of events) {
    if (name === 'thread_name') named.add(tid)
    if (ph === 'X') expect(named).toContain(tid)
  }
})

test('calls that overlap in one lane are on threads of their own', () => {
  const calls = [
    record(0, 5, { lane: 1 }),
    record(3, 6, { lane: 1 }),
    record(4, 7, { lane: 1 }),
    record(6, 8, { lane: 1 }),
  ]
  expect(threadsOf(...calls)).toEqual(['lane 1', 'lane 1, beside 1 more', 'lane 1, beside 2 more', 'lane 1'])
})

test('calls of one lane that follow each other at once are on one thread', () => {
  expect(threadsOf(record(0, 1, { lane: 1 }), record(1, 2, { lane: 1 }))).toEqual(['lane 1', 'lane 1'])
})

test('calls of several lanes that overlap are not', () => {
  expect(threadsOf(record(0, 5, { lane: 1 }), record(3, 6, { lane: 2 }))).toEqual(['lane 1', 'lane 2'])
})

test('before the close the file lacks its bracket, and no more', () => {
  const text = textOf(new TraceEvents(), [record(0, 1), record(1, 2, { lane: 1 })])
  expect(JSON.parse(`${text}]`)).toHaveLength(6)
})

test('an empty trace lacks its bracket too', () => {
  expect(JSON.parse(`${new TraceEvents().begin}]`)).toEqual([])
})

test('after the close nothing is added', () => {
  const format = new TraceEvents()
  textOf(format, [record(0, 1, { method: 'close' })])
  expect(format.add(record(0, 2))).toBe('')
})
