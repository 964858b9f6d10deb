import { CannotBlockError, WouldSleepError, type Sleepable, type Wait } from '@bttkit/interfaces'
import { beforeEach, expect, test } from 'vitest'
import { Scheduler, runAsync, runAtomic, runBlocking, sideBySide } from './index.ts'

/** What happens, in its order. */
let events: string[] = []

/** A call that begins when somebody waits for it, as a flush does, and ends when it is told to, or when the thread blocks on it. */
class Call implements Wait {
  readonly on = { object: 'provider', kind: 'flush', start: 0, end: 1 } as const
  readonly name: string
  begun = 0
  finish: () => void = () => {}
  fail: (error: unknown) => void = () => {}
  private readonly failure: Error | undefined
  private readonly end = new Promise<void>((resolve, reject) => {
    this.finish = resolve
    this.fail = reject
  })

  constructor(name: string, failure?: Error) {
    this.name = name
    this.failure = failure
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  then: Wait['then'] = (...callbacks) => {
    this.begun++
    events.push(`${this.name} begins`)
    return this.end.then(...callbacks)
  }

  block(): void {
    this.begun++
    events.push(`${this.name} is blocked on`)
    if (this.failure !== undefined) throw this.failure
  }
}

function* waitingFor(...calls: readonly Wait[]): Sleepable<void> {
  try {
    for (const call of calls) yield call
    events.push('an operation is over')
  } finally {
    events.push('an operation has ended')
  }
}

const anyNumber = (): boolean => true

/** Lets everything go on that can. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

beforeEach(() => {
  events = []
})

test('operations wait side by side, and each goes on when its own wait is over', async () => {
  const calls = [new Call('A'), new Call('B'), new Call('C')] as const
  const [a, b, c] = calls
  const running = runAsync(sideBySide([waitingFor(a, c), waitingFor(b)], anyNumber))
  await settle()
  expect(events).toEqual(['A begins', 'B begins'])
  b.finish()
  await settle()
  expect(events.slice(2)).toEqual(['an operation is over', 'an operation has ended'])
  a.finish()
  await settle()
  expect(events.at(-1)).toBe('C begins')
  c.finish()
  await running
  expect(calls.map(({ begun }) => begun)).toEqual([1, 1, 1])
})

test('no more than so many are under way at once, and the next is asked for when there is room', async () => {
  const calls = ['A', 'B', 'C'].map((name) => new Call(name))
  let asked = 0
  function* operations(): Generator<Sleepable<void>> {
    for (const call of calls) {
      asked++
      yield waitingFor(call)
    }
  }
  const running = runAsync(sideBySide(operations(), (underWay) => underWay < 2))
  await settle()
  expect(calls.map(({ begun }) => begun)).toEqual([1, 1, 0])
  calls[1]?.finish()
  await settle()
  expect(calls.map(({ begun }) => begun)).toEqual([1, 1, 1])
  expect(asked).toBe(3)
  for (const call of calls) call.finish()
  await running
})

test('a failure is told to its own operation; the others go on, and the first one is thrown at the end', async () => {
  const [a, b] = [new Call('A'), new Call('B')]
  let heard: unknown
  function* careful(): Sleepable<void> {
    try {
      yield a
    } catch (error) {
      heard = error
      throw new Error('what it makes of it', { cause: error })
    }
  }
  const running = runAsync(sideBySide([careful(), waitingFor(b)], anyNumber))
  a.fail(new Error('the disk'))
  await settle()
  expect(heard).toEqual(new Error('the disk'))
  expect(events).toEqual(['A begins', 'B begins'])
  b.finish()
  await expect(running).rejects.toThrow('what it makes of it')
  expect(events.at(-2)).toBe('an operation is over')
})

test('a driver that blocks waits for one after the other, each once, and failures go where they belong', () => {
  const [a, b, c] = [new Call('A', new Error('the disk')), new Call('B'), new Call('C')]
  expect(() => runBlocking(sideBySide([waitingFor(a), waitingFor(b, c)], anyNumber))).toThrow('the disk')
  expect(events).toEqual([
    'A is blocked on',
    'an operation has ended',
    'B is blocked on',
    'C is blocked on',
    'an operation is over',
    'an operation has ended',
  ])
})

test('a driver that blocks goes on with one that can be blocked on while another needs it to', () => {
  let isFree = false
  const lock = Object.assign(new Promise<void>(() => {}), { ready: () => isFree })
  function* holder(): Sleepable<void> {
    yield new Call('A')
    isFree = true
  }
  runBlocking(sideBySide([waitingFor(lock), holder()], anyNumber))
  expect(events).toEqual(['A is blocked on', 'an operation is over', 'an operation has ended'])
})

test('where none can be blocked on it is refused, and all operations are ended', () => {
  const never = (): Wait => new Promise<void>(() => {})
  expect(() => runBlocking(sideBySide([waitingFor(never()), waitingFor(never())], anyNumber))).toThrow(
    CannotBlockError,
  )
  expect(events).toEqual(['an operation has ended', 'an operation has ended'])
})

test('a driver that must not wait is told what is in use, and all operations are ended', () => {
  const held = Object.assign(new Promise<void>(() => {}), {
    on: { object: 'lane', kind: 'acquire', start: 3, end: 4 } as const,
  })
  const run = (): void => runAtomic(sideBySide([waitingFor(held), waitingFor(held)], anyNumber))
  expect(run).toThrow(WouldSleepError)
  expect(events).toEqual(['an operation has ended', 'an operation has ended'])
})

test('when it is ended, so are the operations that wait', () => {
  const operation = sideBySide([waitingFor(new Call('A')), waitingFor(new Call('B'))], anyNumber)
  operation.next()
  operation.return()
  expect(events).toEqual(['an operation has ended', 'an operation has ended'])
})

test('a scheduler needs no event loop where all waits know when they are over', () => {
  let isOver = false
  const wait = (): Wait => Object.assign(new Promise<void>(() => {}), { ready: () => isOver })
  const scheduler = new Scheduler()
  const task = scheduler.add('both', sideBySide([waitingFor(wait()), waitingFor(wait())], anyNumber))
  task.resume()
  expect(task.state).toBe('waiting')
  isOver = true
  expect(task.state).toBe('runnable')
  task.resume()
  expect(task.state).toBe('done')
})

test('operations that never wait are over when it is', () => {
  runAtomic(sideBySide([waitingFor(), waitingFor(), waitingFor()], () => false))
  expect(events.filter((event) => event.endsWith('is over'))).toHaveLength(3)
})
