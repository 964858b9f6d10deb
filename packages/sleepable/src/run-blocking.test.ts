import { CannotBlockError, type Sleepable, type Wait } from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { runBlocking } from './index.ts'

/** A wait that ends when it is blocked on. */
function blocking(block: () => void): Wait {
  return Object.assign(new Promise<never>(() => {}), { block })
}

test('an operation that never waits returns its result', () => {
  function* add(): Sleepable<number> {
    return 3
  }
  expect(runBlocking(add())).toBe(3)
})

test('each wait is blocked on, in order, before the operation goes on', () => {
  const events: string[] = []
  function* twice(): Sleepable<string> {
    yield blocking(() => events.push('first wait'))
    events.push('between')
    yield blocking(() => events.push('second wait'))
    return 'over'
  }
  expect(runBlocking(twice())).toBe('over')
  expect(events).toEqual(['first wait', 'between', 'second wait'])
})

test('block is called as a method of its wait', () => {
  class Flush extends Promise<never> {
    blocked = false
    block(): void {
      this.blocked = true
    }
  }
  const wait = new Flush(() => {})
  function* once(): Sleepable<void> {
    yield wait
  }
  runBlocking(once())
  expect(wait.blocked).toBe(true)
})

test('what block throws is thrown into the operation', () => {
  const failure = new Error('the disk')
  let caught: unknown
  function* careful(): Sleepable<string> {
    try {
      yield blocking(() => {
        throw failure
      })
      return 'wrote'
    } catch (error) {
      caught = error
      return 'recovered'
    }
  }
  expect(runBlocking(careful())).toBe('recovered')
  expect(caught).toBe(failure)
})

test('a failure that is not even an error is thrown into the operation', () => {
  function* careful(): Sleepable<unknown> {
    try {
      yield blocking(() => {
        throw undefined
      })
      return 'nothing was thrown'
    } catch (error) {
      return error
    }
  }
  expect(runBlocking(careful())).toBeUndefined()
})

test('a failure that the operation does not catch comes out, after it gave back what it holds', () => {
  const given: string[] = []
  function* careless(): Sleepable<void> {
    try {
      yield blocking(() => {
        throw new Error('the disk')
      })
    } finally {
      given.push('lane')
    }
  }
  expect(() => runBlocking(careless())).toThrow('the disk')
  expect(given).toEqual(['lane'])
})

test('an operation that recovered can wait again', () => {
  let blocked = 0
  function* retries(): Sleepable<void> {
    for (;;) {
      try {
        yield blocking(() => {
          if (++blocked < 3) throw new Error('again')
        })
        return
      } catch {
        // Once more.
      }
    }
  }
  runBlocking(retries())
  expect(blocked).toBe(3)
})

test('a wait that only the event loop can end is refused, after the operation gave back what it holds', () => {
  const given: string[] = []
  function* lane(): Sleepable<void> {
    try {
      yield Promise.resolve()
    } finally {
      given.push('lane')
    }
  }
  expect(() => runBlocking(lane())).toThrow(CannotBlockError)
  expect(given).toEqual(['lane'])
})

test('the refusal names what is waited for', () => {
  function* lane(): Sleepable<void> {
    yield Object.assign(Promise.resolve(), {
      on: { object: 'lane', kind: 'acquire', start: 5, end: 6 } as const,
    })
  }
  expect(() => runBlocking(lane())).toThrow(/lane 5/)
})
