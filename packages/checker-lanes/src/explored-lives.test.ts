import { expect, test } from 'vitest'
import type { Sleepable, Wait } from '@bttkit/interfaces'
import { ScheduledTask, preemptionPoint } from '@bttkit/sleepable'
import { StepRecorder } from './explore-scenario.ts'
import { Lives, type Death } from './explored-lives.ts'
import { ExploredMemory } from './explored-memory.ts'

const point = (): Wait => preemptionPoint({ object: 'provider', kind: 'write', start: 0, end: 1 })

/** A thread that changes one shared word after the other, two in each step, and each of them for others to see. */
function scene(deaths: readonly Death[]) {
  const recorder = new StepRecorder()
  const memory = new ExploredMemory(16)
  memory.mark()
  const lives = new Lives(recorder, memory, deaths)
  const words = new Uint8Array(new SharedArrayBuffer(8))
  lives.share(words.buffer)
  const ended: string[] = []
  function* counting(): Sleepable<void> {
    try {
      for (let index = 0; index < 6; index += 2) {
        words[index] = 1
        lives.event()
        words[index + 1] = 1
        memory.write(index, Uint8Array.of(1))
        yield point()
      }
    } finally {
      ended.push('in order')
    }
  }
  const step = (number: number, task: ScheduledTask): void => {
    recorder.begin(number)
    task.resume()
    recorder.end()
  }
  return { recorder, memory, lives, words, ended, counting, step }
}

test('a thread that dies at the end of a step takes none any more, and nothing of it is ended', () => {
  const { words, ended, lives, counting, step } = scene([{ task: 0, event: 4 }])
  const task = new ScheduledTask('task', lives.live(counting()))
  while (task.state === 'runnable') step(0, task)
  expect([...words]).toEqual([1, 1, 1, 1, 0, 0, 0, 0])
  expect([task.state, ended, lives.isDead(0)]).toEqual(['done', [], true])
})

test('of a step in the midst of which a thread dies the rest is taken back, of words and storage', () => {
  const { words, memory, lives, counting, step } = scene([{ task: 0, event: 3 }])
  const task = new ScheduledTask('task', lives.live(counting()))
  while (task.state === 'runnable') step(0, task)
  expect([...words]).toEqual([1, 1, 1, 0, 0, 0, 0, 0])
  expect([...memory.bytes.subarray(0, 4)]).toEqual([1, 0, 0, 0])
})

test('what changes nothing for others is no event', () => {
  const { lives, step } = scene([{ task: 0, event: 1 }])
  function* idle(): Sleepable<void> {
    yield point()
    lives.event()
    yield point()
  }
  const task = new ScheduledTask('task', lives.live(idle()))
  while (task.state === 'runnable') step(0, task)
  expect(lives.came).toEqual([])
})

test('a wait for somebody ends early once for each change in who is dead', () => {
  const { lives, counting, step } = scene([
    { task: 0, event: 1 },
    { task: 2, event: 3 },
  ])
  function* waiting(): Sleepable<void> {
    for (;;) {
      const on = { object: 'lane', kind: 'acquire', start: 0, end: 1 } as const
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      yield { on, ready: () => false, then: (...callbacks) => Promise.resolve().then(...callbacks) }
      lives.look()
    }
  }
  const waiter = new ScheduledTask('waiter', lives.live(waiting()))
  const [first, second] = [0, 2].map((number) => new ScheduledTask(`${number}`, lives.live(counting())))
  step(1, waiter)
  const seen = [waiter.state]
  step(0, first ?? waiter)
  seen.push(waiter.state)
  step(1, waiter)
  seen.push(waiter.state)
  for (let i = 0; i < 2; i++) step(2, second ?? waiter)
  seen.push(waiter.state)
  expect(seen).toEqual(['waiting', 'runnable', 'waiting', 'runnable'])
})

test('who is dead has gone; who acts for a task is that thread', () => {
  const { lives, counting, step } = scene([{ task: 0, event: 1 }])
  const identity = lives.as(0, () => lives.watch.currentThread())
  expect(lives.watch.hasGone(identity)).toBe(false)
  step(0, new ScheduledTask('task', lives.live(counting())))
  expect(lives.watch.hasGone(identity)).toBe(true)
  expect(lives.watch.hasGone(lives.watch.currentThread())).toBe(false)
})
