import type { Sleepable, Wait } from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { ControlledRun } from './controlled-run.ts'
import type { CurrentTask, TaskIdentity } from './current-task.ts'
import { PreemptedCall } from './preempted-call.ts'
import { SeededRandom } from './seeded-random.ts'

const identity = (number: number): TaskIdentity => ({ number, cpu: 0, generation: 0 })
const at = { object: 'provider', kind: 'read', start: 0, end: 1 } as const
const point = preemptionPoint(at)
const noPause = async (): Promise<void> => undefined

function* steps(count: number, onStep: () => void): Sleepable<void> {
  for (let i = 0; i < count; i++) {
    onStep()
    yield point
  }
}

/** The order in which tasks take their steps. */
async function orderOf(seed: number, makeTask: (note: () => void) => Sleepable<void>): Promise<number[]> {
  const current: CurrentTask = { identity: undefined }
  const run = new ControlledRun(new SeededRandom(seed), current)
  const order: number[] = []
  for (const number of [0, 1, 2])
    run.add(
      identity(number),
      makeTask(() => order.push(current.identity?.number ?? -1)),
    )
  expect(await run.run(noPause)).toEqual([])
  expect(current.identity).toBe(undefined)
  return order
}

test('the seed decides the order, and every task runs to its end under its own name', async () => {
  const task = (note: () => void): Sleepable<void> => steps(100, note)
  const order = await orderOf(1, task)
  expect(await orderOf(1, task)).toEqual(order)
  expect(await orderOf(2, task)).not.toEqual(order)
  expect([0, 1, 2].map((number) => order.filter((step) => step === number).length)).toEqual([100, 100, 100])
})

test('how long storage takes does not change the order', async () => {
  const sleepingFor =
    (turns: () => number) =>
    (note: () => void): Sleepable<void> =>
      (function* sleeper(): Sleepable<void> {
        for (let i = 0; i < 20; i++) {
          note()
          yield sleep(turns())
        }
      })()
  let calls = 0
  const quick = await orderOf(
    4,
    sleepingFor(() => 0),
  )
  expect(
    await orderOf(
      4,
      sleepingFor(() => calls++ % 5),
    ),
  ).toEqual(quick)
})

async function sleep(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => void setImmediate(resolve))
}

/** A wait for a lock, over when `isFree` says so. */
function lock(isFree: () => boolean): Wait {
  const on = { object: 'lane', kind: 'acquire', start: 0, end: 1 } as const
  return Object.assign(new Promise<void>(() => undefined), { on, ready: isFree })
}

test('a task that waits for a lock goes on when it is free, and not before', async () => {
  const run = new ControlledRun(new SeededRandom(1), { identity: undefined })
  const events: string[] = []
  function* waiter(): Sleepable<void> {
    yield lock(() => events.includes('released'))
    events.push('taken')
  }
  function* holder(): Sleepable<void> {
    yield* steps(200, () => undefined)
    events.push('released')
    yield point
  }
  run.add(identity(0), waiter())
  run.add(identity(1), holder())
  await run.run(noPause)
  expect(events).toEqual(['released', 'taken'])
})

test('tasks that wait for each other are given up, and told', async () => {
  const run = new ControlledRun(new SeededRandom(1), { identity: undefined })
  const left: string[] = []
  function* stuck(name: string): Sleepable<void> {
    try {
      yield lock(() => false)
    } finally {
      left.push(name)
    }
  }
  run.add(
    identity(0),
    steps(10, () => undefined),
  )
  run.add(identity(1), stuck('one'))
  run.add(identity(2), stuck('two'))
  expect(await run.run(noPause)).toEqual([1, 2])
  expect(left).toEqual(['one', 'two'])
})

test('when a pause fails, so does the run, and no task keeps what it holds', async () => {
  const run = new ControlledRun(new SeededRandom(1), { identity: undefined })
  let isHeld = true
  function* holder(): Sleepable<void> {
    try {
      yield* steps(1000, () => undefined)
    } finally {
      isHeld = false
    }
  }
  run.add(identity(0), holder())
  const fails = (): Promise<void> => Promise.reject(new Error('the disk'))
  await expect(run.run(fails)).rejects.toThrow('the disk')
  expect(isHeld).toBe(false)
})

test('a call before which a task was preempted is made when the task goes on', async () => {
  const run = new ControlledRun(new SeededRandom(1), { identity: undefined })
  const events: string[] = []
  function* caller(): Sleepable<void> {
    yield new PreemptedCall(at, () => {
      events.push('call')
      return undefined
    })
    events.push('went on')
  }
  run.add(identity(0), caller())
  await run.run(noPause)
  expect(events).toEqual(['call', 'went on'])
})

test('a wait that fails, fails in its task', async () => {
  const run = new ControlledRun(new SeededRandom(1), { identity: undefined })
  const heard: unknown[] = []
  function* hearing(wait: Wait): Sleepable<void> {
    try {
      yield wait
    } catch (error) {
      heard.push(error)
    }
  }
  const failing = lock(() => true)
  failing.block = () => {
    throw new Error('limit')
  }
  run.add(identity(0), hearing(Promise.reject(new Error('storage'))))
  run.add(identity(1), hearing(failing))
  await run.run(noPause)
  expect(heard.map(String).toSorted()).toEqual(['Error: limit', 'Error: storage'])
})
