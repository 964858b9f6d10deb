/**
 * The trace event format, which Chrome and Perfetto read. Each lane is a thread in it, and so are the calls in no lane.
 *
 * Invariants:
 * - The file is an array that may end without its bracket, so whatever was written can be read. The record of the close adds the bracket, and is the last.
 * - Calls of one thread do not overlap, as the format wants it: a call that overlaps with one that was written goes to a further thread of its lane.
 * - A thread has its name before its first call.
 */
import type { TraceFormat } from './trace-format.ts'
import type { TraceRecord } from './trace-layer.ts'

/** A call (`X`), or the name or place of a thread (`M`). Times are microseconds. */
interface TraceEvent {
  readonly name: string
  readonly ph: 'X' | 'M'
  readonly pid: number
  readonly tid: number
  readonly cat?: string
  readonly ts?: number
  readonly dur?: number
  readonly args: Readonly<Record<string, unknown>>
}

interface Thread {
  readonly tid: number
  /** Of the latest call. Records come in the order in which the calls end, so none ends later. */
  endMs: number
}

const NANOSECONDS_PER_MS = 1e6
const NANOSECONDS_PER_MICROSECOND = 1000

/** Whole ones: who reads the format rounds its times, and calls that follow each other must not overlap by that. */
function toNanoseconds(ms: number): number {
  return Math.round(ms * NANOSECONDS_PER_MS)
}

/** For one file. Threads are numbered as they come, from 1; the process is this one. */
export class TraceEvents implements TraceFormat {
  readonly begin = '['
  private readonly threads = new Map<number | undefined, Thread[]>()
  private threadCount = 0
  private hasEvents = false
  private hasEnded = false

  add(record: TraceRecord): string {
    if (this.hasEnded) return ''
    const { thread, introduction } = this.threadFor(record)
    thread.endMs = record.endMs
    this.hasEnded = record.method === 'close'
    return this.linesOf([...introduction, callEvent(record, thread)])
  }

  /** One of the lane that is free at the time, and the events that name it where it is a new one. */
  private threadFor({ lane, startMs }: TraceRecord): {
    thread: Thread
    introduction: readonly TraceEvent[]
  } {
    const known = this.threads.get(lane) ?? []
    const free = known.find(({ endMs }) => endMs <= startMs)
    if (free !== undefined) return { thread: free, introduction: [] }
    const thread = { tid: ++this.threadCount, endMs: 0 }
    this.threads.set(lane, [...known, thread])
    return { thread, introduction: threadEvents(thread, lane, known.length) }
  }

  private linesOf(events: readonly TraceEvent[]): string {
    const separator = this.hasEvents ? ',\n' : '\n'
    this.hasEvents = true
    const lines = events.map((event) => JSON.stringify(event)).join(',\n')
    return `${separator}${lines}${this.hasEnded ? '\n]\n' : ''}`
  }
}

function threadEvents({ tid }: Thread, lane: number | undefined, before: number): TraceEvent[] {
  const name = lane === undefined ? 'no lane' : `lane ${lane}`
  const common = { ph: 'M', pid: process.pid, tid } as const
  return [
    {
      ...common,
      name: 'thread_name',
      args: { name: before === 0 ? name : `${name}, beside ${before} more` },
    },
    // Those in no lane stand first.
    { ...common, name: 'thread_sort_index', args: { sort_index: lane === undefined ? -1 : lane } },
  ]
}

function callEvent(record: TraceRecord, { tid }: Thread): TraceEvent {
  const { number, method, stage, offset, length, startMs, endMs, error } = record
  const start = toNanoseconds(startMs)
  return {
    name: stage ?? method,
    cat: method,
    ph: 'X',
    pid: process.pid,
    tid,
    ts: start / NANOSECONDS_PER_MICROSECOND,
    dur: (toNanoseconds(endMs) - start) / NANOSECONDS_PER_MICROSECOND,
    args: { number, method, offset, length, ...(error === undefined ? {} : { error }) },
  }
}
