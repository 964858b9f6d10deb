import { InvariantError, type Sleepable, type Wait } from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { preemptionPoint, Scheduler, type ScheduledTask } from './index.ts'

const point = (): Wait => preemptionPoint({ object: 'provider', kind: 'write', start: 0, end: 1 })

/** Passes `points` scheduling points, and says so. */
function* passes(name: string, points: number, say: (event: string) => void): Sleepable<string> {
  for (let i = 0; i < points; i++) {
    say(`${name}${i}`)
    yield point()
  }
  say(`${name}${points}`)
  return name
}

/** A gate that knows whether it is open. */
function gate(): { wait: Wait; open: () => void } {
  let isOpen = false
  const wait: Wait = Object.assign(new Promise<never>(() => {}), { ready: () => isOpen })
  return { wait, open: () => (isOpen = true) }
}

function* waits(wait: Wait): Sleepable<string> {
  yield wait
  return 'over'
}

type Choose = (runnable: readonly ScheduledTask[]) => ScheduledTask

/** The scheduler asks only when there is somebody to choose, so this holds; where it does not the test fails. */
function chosen(task: ScheduledTask | undefined): ScheduledTask {
  if (task === undefined) throw new Error('there is nobody to choose')
  return task
}

const first: Choose = ([task]) => chosen(task)
const last: Choose = (runnable) => chosen(runnable.at(-1))

/** Two tasks of two points each, run in the order of `choose`; what they said. */
async function trace(choose: Choose): Promise<string[]> {
  const events: string[] = []
  const scheduler = new Scheduler()
  for (const name of ['a', 'b']) {
    scheduler.add(
      name,
      passes(name, 2, (event) => events.push(event)),
    )
  }
  await scheduler.run(choose)
  return events
}

test('nothing runs before somebody is chosen', () => {
  const events: string[] = []
  const scheduler = new Scheduler()
  scheduler.add(
    'a',
    passes('a', 1, (event) => events.push(event)),
  )
  expect(events).toEqual([])
  expect(scheduler.runnable().map((task) => task.name)).toEqual(['a'])
})

test('a step runs from one wait to the next', () => {
  const events: string[] = []
  const scheduler = new Scheduler()
  const task = scheduler.add(
    'a',
    passes('a', 2, (event) => events.push(event)),
  )
  task.resume()
  expect(events).toEqual(['a0'])
  task.resume()
  expect(events).toEqual(['a0', 'a1'])
})

test('the order is the one that was chosen', async () => {
  expect(await trace(first)).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2'])
  expect(await trace(last)).toEqual(['b0', 'b1', 'b2', 'a0', 'a1', 'a2'])
  let turn = 0
  const alternate: Choose = (runnable) => chosen(runnable[turn++ % runnable.length])
  expect(await trace(alternate)).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2'])
})

test('a printed order can be replayed', async () => {
  const order: string[] = []
  let state = 12345
  const random: Choose = (runnable) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    const task = chosen(runnable[(state >>> 16) % runnable.length])
    order.push(task.name)
    return task
  }
  const events = await trace(random)
  const printed = order.join(' ')

  const names = printed.split(' ')
  const replay: Choose = (runnable) => {
    const name = names.shift()
    return chosen(runnable.find((task) => task.name === name))
  }
  expect(await trace(replay)).toEqual(events)
  expect(new Set(order)).toEqual(new Set(['a', 'b']))
})

test('the results of the tasks are kept', async () => {
  const scheduler = new Scheduler()
  const task = scheduler.add(
    'a',
    passes('a', 1, () => {}),
  )
  await scheduler.run(first)
  expect(task.state).toBe('done')
  expect(task.result).toBe('a')
})

/** Runs two tasks of `points` points in every possible order; the traces. */
async function everySchedule(points: number): Promise<string[]> {
  const traces: string[] = []
  let prefix: number[] | undefined = []
  while (prefix !== undefined) {
    const events: string[] = []
    const scheduler = new Scheduler()
    for (const name of ['a', 'b']) {
      scheduler.add(
        name,
        passes(name, points, (event) => events.push(event)),
      )
    }
    const choices: { taken: number; of: number }[] = []
    const follow: number[] = prefix
    await scheduler.run((runnable) => {
      const taken = follow[choices.length] ?? 0
      choices.push({ taken, of: runnable.length })
      return chosen(runnable[taken])
    })
    traces.push(events.join(' '))
    // The last choice that has an alternative left, and the one after it there.
    const at = choices.findLastIndex((choice) => choice.taken + 1 < choice.of)
    prefix = at < 0 ? undefined : [...choices.slice(0, at).map((c) => c.taken), (choices[at]?.taken ?? 0) + 1]
  }
  return traces
}

// A task of n points takes n + 1 steps, so there are C(2n + 2, n + 1) orders.
test.each([
  [0, 2],
  [1, 6],
  [2, 20],
  [3, 70],
  [4, 252],
])('two tasks of %i points have %i schedules, all of them different', async (points, schedules) => {
  const traces = await everySchedule(points)
  expect(traces).toHaveLength(schedules)
  expect(new Set(traces).size).toBe(schedules)
})

test('a task whose wait is not over cannot be chosen until it is', () => {
  const { wait, open } = gate()
  const scheduler = new Scheduler()
  const task = scheduler.add('a', waits(wait))
  task.resume()
  expect(task.state).toBe('waiting')
  expect(scheduler.runnable()).toEqual([])
  open()
  expect(scheduler.runnable()).toEqual([task])
  task.resume()
  expect(task.result).toBe('over')
})

test('waits that know when they are over need no turn of the event loop', () => {
  const { wait, open } = gate()
  const scheduler = new Scheduler()
  function* opens(): Sleepable<void> {
    yield point()
    open()
  }
  scheduler.add('waits', waits(wait))
  scheduler.add('opens', opens())
  for (let [task] = scheduler.runnable(); task !== undefined; [task] = scheduler.runnable()) task.resume()
  expect(scheduler.finished()).toBe(true)
})

test('what a task waits for can be looked at', () => {
  const task = new Scheduler().add('a', waits(point()))
  task.resume()
  expect(task.wait?.on).toEqual({ object: 'provider', kind: 'write', start: 0, end: 1 })
  task.resume()
  expect(task.wait).toBeUndefined()
})

test('a wait without ready ends when its promise does', async () => {
  const scheduler = new Scheduler()
  const task = scheduler.add('a', waits(new Promise((resolve) => void setImmediate(resolve))))
  task.resume()
  expect(task.state).toBe('waiting')
  await scheduler.run(first)
  expect(task.result).toBe('over')
})

test('a task waits for each of its promises', async () => {
  let open = (): void => {}
  const second = new Promise<void>((resolve) => {
    open = resolve
  })
  function* both(): Sleepable<void> {
    yield Promise.resolve()
    yield second
  }
  const scheduler = new Scheduler()
  const task = scheduler.add('a', both())
  task.resume()
  await scheduler.settle()
  task.resume()
  await scheduler.settle()
  expect(task.state).toBe('waiting')
  open()
  await scheduler.settle()
  expect(task.state).toBe('runnable')
})

// Millions of steps without a turn of the event loop would leave as many continuations behind.
test('a wait that knows when it is over is never asked for a continuation', async () => {
  let asked = 0
  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  const wait: Wait = { ready: () => true, then: () => expect.fail(`asked ${++asked} times`) }
  const scheduler = new Scheduler()
  const task = scheduler.add('a', waits(wait))
  await scheduler.run(first)
  expect(task.state).toBe('done')
  expect(asked).toBe(0)
})

test('a rejection is thrown into the task, which can catch it', async () => {
  const failure = new Error('the disk')
  function* careful(): Sleepable<unknown> {
    try {
      yield Promise.reject(failure)
      return 'nothing was thrown'
    } catch (error) {
      return error
    }
  }
  const scheduler = new Scheduler()
  const task = scheduler.add('a', careful())
  await scheduler.run(first)
  expect(task.result).toBe(failure)
})

test('the failure of a wait that knows when it is over is thrown into the task', async () => {
  const failure = new Error('the disk')
  const failed: Wait = Object.assign(new Promise<never>(() => {}), {
    ready: () => true,
    block: () => {
      throw failure
    },
  })
  const scheduler = new Scheduler()
  const task = scheduler.add('a', waits(failed))
  await scheduler.run(first)
  expect(task.state).toBe('failed')
  expect(task.error).toBe(failure)
})

test('one promise can be waited for twice', async () => {
  const promise = Promise.resolve()
  function* twice(): Sleepable<string> {
    yield promise
    yield promise
    return 'over'
  }
  const scheduler = new Scheduler()
  const task = scheduler.add('a', twice())
  await scheduler.run(first)
  expect(task.result).toBe('over')
})

test('a task that fails keeps its error, and the others go on', async () => {
  const failure = new Error('own')
  function* fails(): Sleepable<void> {
    yield point()
    throw failure
  }
  const scheduler = new Scheduler()
  const failing = scheduler.add('fails', fails())
  const other = scheduler.add(
    'other',
    passes('other', 3, () => {}),
  )
  await scheduler.run(first)
  expect(failing.state).toBe('failed')
  expect(failing.error).toBe(failure)
  expect(other.state).toBe('done')
})

test('a task that has ended cannot be continued', async () => {
  const scheduler = new Scheduler()
  const task = scheduler.add(
    'a',
    passes('a', 0, () => {}),
  )
  await scheduler.run(first)
  expect(() => task.resume()).toThrow(InvariantError)
  expect(task.result).toBe('a')
})

test('a task that waits cannot be continued', () => {
  const task = new Scheduler().add('a', waits(gate().wait))
  task.resume()
  expect(() => task.resume()).toThrow(/task a .* waiting/)
})

test('tasks that wait for each other are a deadlock, and the message names them', async () => {
  const left = gate()
  const right = gate()
  function* holds(mine: { open: () => void }, theirs: Wait): Sleepable<void> {
    yield theirs
    mine.open()
  }
  const scheduler = new Scheduler()
  scheduler.add('left', holds(left, right.wait))
  scheduler.add('right', holds(right, left.wait))
  scheduler.add(
    'innocent',
    passes('innocent', 2, () => {}),
  )
  const message = await scheduler.run(first).catch(String)
  expect(message).toMatch(/^InvariantError: deadlock: left, right/)
  expect(message).not.toMatch(/innocent/)
})

test('a promise that is never resolved is found as a deadlock too', async () => {
  const scheduler = new Scheduler()
  scheduler.add('a', waits(new Promise<never>(() => {})))
  await expect(scheduler.run(first, 5)).rejects.toThrow(InvariantError)
})

test('a promise that takes some turns of the event loop is no deadlock', async () => {
  async function turns(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => void setImmediate(resolve))
  }
  const scheduler = new Scheduler()
  const task = scheduler.add('a', waits(turns()))
  await scheduler.run(first)
  expect(task.state).toBe('done')
})

test('no tasks are finished at once', async () => {
  const scheduler = new Scheduler()
  expect(scheduler.finished()).toBe(true)
  await scheduler.run(() => {
    throw new Error('there is nobody to choose')
  })
})

test('a scheduling point does not wait under any driver', async () => {
  let passed = false
  point().block?.()
  await point().then(() => (passed = true))
  expect(point().ready?.()).toBe(true)
  expect(passed).toBe(true)
})
