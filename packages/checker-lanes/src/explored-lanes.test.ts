import { expect, test } from 'vitest'
import type { Sleepable } from '@bttkit/interfaces'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { ScheduledTask } from '@bttkit/sleepable'
import type { Access } from './explore-access.ts'
import { StepRecorder } from './explore-scenario.ts'
import { LANE_PROPERTY } from './explored-accesses.ts'
import { ExploredLanes, ExploredLocks } from './explored-lanes.ts'
import { ExploredReadTracking } from './explored-read-tracking.ts'

/** What a step of a task tells the recorder. */
function step(recorder: StepRecorder, task: number, act: () => void): readonly Access[] {
  recorder.begin(task)
  act()
  return recorder.end()
}

const inLane = (lane: number): Access => ({
  object: LANE_PROPERTY,
  kind: 'write',
  start: lane,
  end: lane + 1,
})
const lane = (kind: Access['kind'], start: number, end = start + 1): Access => ({
  object: 'lane',
  kind,
  start,
  end,
})
const block = (kind: Access['kind'], start: number): Access => ({
  object: 'read-tracking',
  kind,
  start,
  end: start + 1,
})

function laneSteps() {
  const recorder = new StepRecorder()
  const lanes = new ExploredLanes(new MutexLaneTable(new Int32Array(2)), recorder, [1, 1, 1])
  const tasks = [0, 1, 2].map((task) => new ScheduledTask(`task ${task}`, lanes.acquire(0)))
  const resume = (task: number) => step(recorder, task, () => tasks[task]?.resume())
  return { recorder, lanes, tasks, resume }
}

test('an idle lane is not taken before the scheduling point, and then by the hint of the task', () => {
  const { lanes, tasks, resume } = laneSteps()
  expect(lanes.tryAcquire(1)).toBeUndefined()
  expect(resume(0)).toEqual([])
  expect([tasks[0]?.wait?.on, lanes.heldCount()]).toEqual([lane('acquire', 0, 2), 0])
  expect(resume(0)).toEqual([inLane(1)])
  expect([tasks[0]?.result, lanes.heldCount()]).toEqual([1, 1])
})

test('a task is in its lane from the acquire to the release', () => {
  const { recorder, lanes, resume } = laneSteps()
  resume(0)
  resume(0)
  expect(step(recorder, 0, () => {})).toEqual([inLane(1)])
  expect(step(recorder, 1, () => {})).toEqual([])
  expect(step(recorder, 0, () => lanes.release(1))).toEqual([inLane(1), lane('release', 1)])
  expect(step(recorder, 0, () => {})).toEqual([])
})

test('while somebody waits a release touches all lanes: which one is free first decides which the waiter gets', () => {
  const { recorder, lanes, tasks, resume } = laneSteps()
  for (const task of [0, 0, 1, 1, 2, 2]) resume(task)
  expect(tasks[2]?.state).toBe('waiting')
  expect(step(recorder, 1, () => lanes.release(0))).toContainEqual(lane('release', 0, 2))
  resume(2)
  expect(tasks[2]?.result).toBe(0)
  expect(step(recorder, 0, () => lanes.release(1))).toContainEqual(lane('release', 1))
})

test('a map lock is not taken before the scheduling point, and its release is told', () => {
  const recorder = new StepRecorder()
  const inner = new MutexLocks(new Int32Array(4), 'map-lock')
  const locks = new ExploredLocks(inner, recorder)
  const on = { object: 'map-lock', start: 3, end: 4 } as const
  expect(locks.tryAcquire(0)).toBe(false)
  const task = new ScheduledTask('task', locks.acquire(3))
  task.resume()
  expect([task.wait?.on, inner.heldCount()]).toEqual([{ ...on, kind: 'acquire' }, 0])
  task.resume()
  expect([task.state, inner.heldCount()]).toEqual(['done', 1])
  expect(step(recorder, 0, () => locks.release(3))).toEqual([{ ...on, kind: 'release' }])
  expect(inner.heldCount()).toBe(0)
})

function* entering(tracking: ExploredReadTracking, lanesOwn: number, internalBlock: number): Sleepable<void> {
  const wait = tracking.enter(lanesOwn, internalBlock)
  if (wait !== undefined) yield wait
}

function readSteps() {
  const recorder = new StepRecorder()
  const inner = new LocalReadTracking(new Int32Array(2))
  const tracking = new ExploredReadTracking(inner, recorder)
  const enter = (internalBlock: number): readonly Access[] => {
    const task = new ScheduledTask('reader', entering(tracking, 0, internalBlock))
    task.resume()
    expect([task.wait?.on, inner.isRead(internalBlock)]).toEqual([block('write', internalBlock), false])
    return step(recorder, 0, () => task.resume())
  }
  return { recorder, inner, tracking, enter }
}

test('a block is entered after the scheduling point; leaving it is told once', () => {
  const { recorder, inner, tracking, enter } = readSteps()
  expect(enter(7)).toEqual([])
  expect(inner.isRead(7)).toBe(true)
  expect(step(recorder, 0, () => tracking.leave(0))).toEqual([block('release', 7)])
  expect(inner.isRead(7)).toBe(false)
  expect(step(recorder, 0, () => tracking.leave(0))).toEqual([])
})

test('who enters over an entry of the lane leaves its block', () => {
  const { inner, enter } = readSteps()
  enter(7)
  expect(enter(9)).toEqual([block('release', 7)])
  expect([inner.isRead(7), inner.isRead(9)]).toEqual([false, true])
})

test('a look for readers comes after a scheduling point, and waits until they have left', () => {
  const { recorder, tracking, enter } = readSteps()
  enter(7)
  expect(tracking.isRead()).toBe(true)
  const writer = new ScheduledTask('writer', tracking.waitUntilUnread(7))
  writer.resume()
  expect([writer.wait?.on, writer.state]).toEqual([block('read', 7), 'runnable'])
  expect(step(recorder, 1, () => writer.resume())).toEqual([block('acquire', 7)])
  expect(writer.state).toBe('waiting')
  tracking.leave(0)
  writer.resume()
  expect(writer.state).toBe('done')
})
