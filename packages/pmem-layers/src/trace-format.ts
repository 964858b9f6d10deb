import type { TraceRecord } from './trace-layer.ts'

/** An event of the trace event format, which Chrome and Perfetto read. Times are microseconds. */
export interface TraceEvent {
  readonly name: string
  readonly cat: string
  /** The begin and the end of something that may overlap with others. */
  readonly ph: 'b' | 'e'
  readonly id: number
  readonly ts: number
  readonly pid: number
  readonly tid: number
  readonly args?: Readonly<Record<string, unknown>>
}

const MICROSECONDS_PER_MS = 1000

/** One line, with its end. */
export function toJsonLine(record: TraceRecord): string {
  return `${JSON.stringify(record)}\n`
}

/** A pair of events, because calls overlap when they wait, and events with a duration must not. */
export function toTraceEvents(record: TraceRecord): [TraceEvent, TraceEvent] {
  const { number, method, kind, offset, length, startMs, durationMs, failed } = record
  const common = { name: method, cat: kind, id: number, pid: process.pid, tid: 0 }
  return [
    { ...common, ph: 'b', ts: startMs * MICROSECONDS_PER_MS, args: { offset, length } },
    { ...common, ph: 'e', ts: (startMs + durationMs) * MICROSECONDS_PER_MS, args: { failed } },
  ]
}

/** What a file of events begins with. The format is an array that may end without its bracket, so a crash leaves a file that can be read. */
export const TRACE_EVENTS_BEGIN = '[\n'

/** What a record adds to a file of events. */
export function toTraceEventLines(record: TraceRecord): string {
  return toTraceEvents(record)
    .map((event) => `${JSON.stringify(event)},\n`)
    .join('')
}
