import { expect, test } from 'vitest'
import { formatScheduleTrace, tracedSteps, type TracedStep } from './explore-trace.ts'
import { LANE_PROPERTY } from './explored-accesses.ts'
import { explore } from './explore.ts'
import { replay } from './explore-replay.ts'
import { ExploredImage } from './explored-image.ts'
import { programScenario } from './explored-program.ts'
import { sectors } from './lane-scenarios.ts'
import { checkTrace, type CheckedEvent } from './explore-trace.test-support.ts'

const step = (task: number, rest: Partial<TracedStep> = {}): TracedStep => ({
  task,
  name: 'write',
  label: 'read map of LBA 3',
  lanes: [],
  args: {},
  ...rest,
})

/** The steps of a trace with the names of their tracks. */
function placed(events: readonly CheckedEvent[]): string[] {
  const names = new Map(
    events
      .filter(({ name }) => name === 'thread_name')
      .map(({ pid, tid, args }) => [`${pid} ${tid}`, args['name']]),
  )
  return events
    .filter(({ ph }) => ph === 'X')
    .map(({ pid, tid, ts, name }) => `${ts} ${String(names.get(`${pid} ${tid}`))} | ${name}`)
}

test('a step is an event on the track of its task, and on those of its lanes', () => {
  const steps = [step(1), step(0, { lanes: [2], label: 'flush' }), step(1, { lanes: [0, 2], label: 'write' })]
  expect(placed(checkTrace(formatScheduleTrace(steps)))).toEqual([
    '0 B write | read map of LBA 3',
    '1000 A write | flush',
    '1000 lane 2 | A: flush',
    '2000 B write | write',
    '2000 lane 0 | B: write',
    '2000 lane 2 | B: write',
  ])
})

test('tracks stand in the order of tasks and lanes', () => {
  const events = checkTrace(formatScheduleTrace([step(1, { lanes: [3] }), step(0, { lanes: [1] })]))
  const places = events
    .filter(({ name }) => name === 'thread_sort_index')
    .map(({ pid, args }) => [pid, args['sort_index']])
  expect(places).toEqual([
    [1, 0],
    [1, 1],
    [2, 1],
    [2, 3],
  ])
})

test('an event has the number of its step, and its arguments', () => {
  const event = checkTrace(formatScheduleTrace([step(0, { args: { offset: 8 } })])).find(
    ({ ph }) => ph === 'X',
  )
  expect(event?.args).toEqual({ step: 1, offset: 8 })
})

test('the end is an instant of all tracks, after the last step', () => {
  const text = formatScheduleTrace([step(0), step(0)], { name: 'power failure', args: { lost: ['map'] } })
  expect(checkTrace(text).at(-1)).toMatchObject({
    ph: 'i',
    s: 'g',
    ts: 2000,
    name: 'power failure',
    args: { lost: ['map'] },
  })
})

test('no steps make a trace, too', () => {
  expect(checkTrace(formatScheduleTrace([])).filter(({ ph }) => ph !== 'M')).toEqual([])
})

test('a replayed step says what it touched, and is in the lane of which it touches what that owns', () => {
  const touched = [
    { object: LANE_PROPERTY, kind: 'write', start: 1, end: 2 } as const,
    { object: 'provider', kind: 'read', start: 8, end: 12 } as const,
  ]
  const steps = tracedSteps([
    { task: 0, name: 'read', touched },
    { task: 0, name: 'read', touched: [] },
  ])
  expect(steps).toEqual([
    { task: 0, name: 'read', label: 'read provider 8..11', lanes: [1], args: { touched: touched.slice(1) } },
    { task: 0, name: 'read', label: 'goes on', lanes: [], args: { touched: [] } },
  ])
})

test('two tasks in one lane at once are seen on its track', async () => {
  const image = new ExploredImage()
  const tasks = [[sectors('write', 3, 1, 1)], [sectors('write', 20, 1, 2)]]
  const lanes = { table: 'recursion-count', laneCount: 1 }
  const scenario = programScenario(image, { name: 'two writers', lanes, tasks })
  const { findings } = await explore(scenario)
  const { steps } = replay(scenario, findings[0]?.schedule ?? '')
  const events = checkTrace(formatScheduleTrace(tracedSteps(steps, (access) => image.describe(access))))
  const inLane = events.filter(({ ph, pid }) => ph === 'X' && pid === 2).map(({ name }) => name.slice(0, 2))
  // Whoever came first goes on in the lane after the other one came.
  expect(inLane.join('')).toMatch(/A:.*B:.*A:/)
})
