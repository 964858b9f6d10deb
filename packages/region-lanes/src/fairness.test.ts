import { runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { MutexLaneTable } from './index.ts'

const TASKS = 64
const LANES = 4
const MEAN = 40

/** Who asked for a lane, and who got one, in order. */
class Log {
  readonly asked: number[] = []
  readonly got: number[] = []
}

/** Takes lanes again and again until `total` were given to all tasks, each for so many turns of the microtask queue. */
async function greedy(
  lanes: MutexLaneTable,
  task: number,
  total: number,
  log: Log,
  holdTurns: (round: number) => number,
): Promise<void> {
  for (let round = 0; log.got.length < total; round++) {
    log.asked.push(task)
    const lane = await runAsync(lanes.acquire(task))
    log.got.push(task)
    for (let i = holdTurns(round); i > 0; i--) await Promise.resolve()
    lanes.release(lane)
  }
}

const holdsByTask = (task: number) => (round: number) => (task * 7 + round) % 3

function grantsOf(log: Log, total: number): number[] {
  const grants = Array.from({ length: TASKS }, () => 0)
  for (const task of log.got.slice(0, total)) grants[task] = (grants[task] ?? 0) + 1
  return grants
}

test('64 tasks on 4 lanes get them in the order in which they asked', async () => {
  const lanes = new MutexLaneTable(new Int32Array(LANES), 'first-idle')
  const log = new Log()
  const total = TASKS * MEAN
  await Promise.all(
    Array.from({ length: TASKS }, (_, task) => greedy(lanes, task, total, log, holdsByTask(task))),
  )
  expect(log.got.length).toBeGreaterThanOrEqual(total)
  expect(log.got).toEqual(log.asked)
})

test('the shares of 64 tasks on 4 lanes differ from their mean by no more than 5 %', async () => {
  const lanes = new MutexLaneTable(new Int32Array(LANES), 'first-idle')
  const log = new Log()
  const total = TASKS * MEAN
  await Promise.all(
    Array.from({ length: TASKS }, (_, task) => greedy(lanes, task, total, log, holdsByTask(task))),
  )
  const grants = grantsOf(log, total)
  expect(Math.min(...grants)).toBeGreaterThanOrEqual(MEAN * 0.95)
  expect(Math.max(...grants)).toBeLessThanOrEqual(MEAN * 1.05)
})

test('a reader among 63 writers waits for none of them twice', async () => {
  const lanes = new MutexLaneTable(new Int32Array(LANES), 'first-idle')
  const log = new Log()
  const total = TASKS * MEAN
  const overtaken: number[] = []
  async function reader(): Promise<void> {
    while (log.got.length < total) {
      const before = log.got.length
      const lane = await runAsync(lanes.acquire(0))
      overtaken.push(log.got.length - before)
      lanes.release(lane)
      // It comes and goes, where a writer asks again at once.
      for (let i = 0; i < 5; i++) await Promise.resolve()
    }
  }
  const writers = Array.from({ length: TASKS - 1 }, (_, task) => greedy(lanes, task, total, log, () => 3))
  await Promise.all([...writers, reader()])
  expect(overtaken.length).toBeGreaterThanOrEqual(MEAN * 0.95)
  expect(Math.max(...overtaken)).toBeLessThanOrEqual(TASKS - 1)
})
