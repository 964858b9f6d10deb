/**
 * A schedule in the trace event format, which Chrome and Perfetto read: a track for each task and one for each lane, and on them an event for each step. Schedules have
 * no clock: each step takes a millisecond.
 *
 * Steps come one after the other, so no two events of a track overlap, and their times never fall.
 */
import type { Access } from './explore-access.ts'
import { describeAccess, type ReplayedStep } from './explore-replay.ts'
import { taskLetter } from './explore-schedule.ts'
import { LANE_PROPERTY } from './explored-accesses.ts'

/** One step of a task, in words. */
export interface TracedStep {
  readonly task: number
  /** Of the task. */
  readonly name: string
  /** What the step does. */
  readonly label: string
  /** The lanes that the task is in. */
  readonly lanes: readonly number[]
  /** Plain JSON. */
  readonly args: Readonly<Record<string, unknown>>
}

/** What came after the last step, such as a power failure. */
export interface TracedEnd {
  readonly name: string
  /** Plain JSON. */
  readonly args: Readonly<Record<string, unknown>>
}

interface TraceEvent {
  readonly name: string
  /** A step (`X`), the end (`i`), or the name or place of a track (`M`). */
  readonly ph: 'X' | 'i' | 'M'
  readonly pid: number
  readonly tid: number
  readonly cat?: string
  /** Microseconds. */
  readonly ts?: number
  readonly dur?: number
  /** Of an instant: it concerns all tracks. */
  readonly s?: 'g'
  readonly args: Readonly<Record<string, unknown>>
}

/** Tracks stand in groups, which are processes in the format. */
const TASKS = 1
const LANES = 2
const STEP_MICROSECONDS = 1000

function groupEvents(pid: number, name: string): TraceEvent[] {
  const common = { ph: 'M', pid, tid: 0 } as const
  return [
    { ...common, name: 'process_name', args: { name } },
    { ...common, name: 'process_sort_index', args: { sort_index: pid } },
  ]
}

function trackEvents(pid: number, number: number, name: string): TraceEvent[] {
  const common = { ph: 'M', pid, tid: number + 1 } as const
  return [
    { ...common, name: 'thread_name', args: { name } },
    { ...common, name: 'thread_sort_index', args: { sort_index: number } },
  ]
}

/** The names of all tracks, in their order. */
function nameEvents(steps: readonly TracedStep[]): TraceEvent[] {
  const tasks = new Map(steps.map(({ task, name }) => [task, `${taskLetter(task)} ${name}`]))
  const lanes = new Set(steps.flatMap((step) => step.lanes))
  return [
    ...groupEvents(TASKS, 'tasks'),
    ...[...tasks].toSorted(([a], [b]) => a - b).flatMap(([task, name]) => trackEvents(TASKS, task, name)),
    ...groupEvents(LANES, 'lanes'),
    ...[...lanes].toSorted((a, b) => a - b).flatMap((lane) => trackEvents(LANES, lane, `lane ${lane}`)),
  ]
}

/** The event of a step on the track of its task, and on that of each lane that it is in. */
function stepEvents({ task, label, lanes, args }: TracedStep, index: number): TraceEvent[] {
  const times = { ts: index * STEP_MICROSECONDS, dur: STEP_MICROSECONDS }
  const common = { ph: 'X', cat: 'step', ...times, args: { step: index + 1, ...args } } as const
  const letter = taskLetter(task)
  return [
    { ...common, name: label, pid: TASKS, tid: task + 1 },
    ...lanes.map((lane) => ({ ...common, name: `${letter}: ${label}`, pid: LANES, tid: lane + 1 })),
  ]
}

/** A trace as text: a JSON array, an event a line. */
export function formatScheduleTrace(steps: readonly TracedStep[], end?: TracedEnd): string {
  const events = [...nameEvents(steps), ...steps.flatMap(stepEvents)]
  if (end !== undefined) {
    const ts = steps.length * STEP_MICROSECONDS
    events.push({ ...end, ph: 'i', cat: 'end', s: 'g', pid: TASKS, tid: 1, ts })
  }
  return `[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]\n`
}

/** Steps that `replay` has made, for `formatScheduleTrace`. `describe` as in `formatDiagram`. */
export function tracedSteps(
  steps: readonly ReplayedStep[],
  describe: (access: Access) => string | undefined = describeAccess,
): TracedStep[] {
  return steps.map(({ task, name, touched }) => {
    const inLanes = touched.filter(({ object }) => object === LANE_PROPERTY)
    const others = touched.filter(({ object }) => object !== LANE_PROPERTY)
    const said = others.map((access) => describe(access)).filter((text) => text !== undefined)
    const label = said.length === 0 ? 'goes on' : said.join(', ')
    return { task, name, label, lanes: inLanes.map(({ start }) => start), args: { touched: others } }
  })
}
