import type { Sleepable, Wait } from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { runAsync } from './index.ts'

/** A wait that starts when somebody asks for it, as a lazy flush does. */
function lazy(start: (resolve: () => void, reject: (error: unknown) => void) => void): Wait {
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (onFulfilled, onRejected) =>
      new Promise<void>((resolve, reject) => {
        start(resolve, reject)
      }).then(onFulfilled, onRejected),
  }
}

test('it starts on the stack of the caller', async () => {
  const events: string[] = []
  function* operation(): Sleepable<void> {
    events.push('started')
    yield Promise.resolve()
    events.push('went on')
  }
  const result = runAsync(operation())
  events.push('returned')
  await result
  expect(events).toEqual(['started', 'returned', 'went on'])
})

test('an operation that never waits is over when the call returns', async () => {
  let over = false
  function* operation(): Sleepable<number> {
    over = true
    return 3
  }
  const result = runAsync(operation())
  expect(over).toBe(true)
  // One microtask is enough for a promise that was resolved from the start.
  let value: number | undefined
  void result.then((it) => (value = it))
  await Promise.resolve()
  expect(value).toBe(3)
})

test('an operation that fails at once rejects, and does not throw at the caller', async () => {
  function* operation(): Sleepable<void> {
    throw new RangeError('own')
  }
  await expect(runAsync(operation())).rejects.toThrow(new RangeError('own'))
})

test('an operation that fails after a wait rejects', async () => {
  function* operation(): Sleepable<void> {
    yield Promise.resolve()
    throw new RangeError('own')
  }
  await expect(runAsync(operation())).rejects.toThrow(new RangeError('own'))
})

test('it goes on only when the plain promise that it waits for is resolved', async () => {
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  let over = false
  function* operation(): Sleepable<void> {
    yield gate
    over = true
  }
  const result = runAsync(operation())
  await new Promise((resolve) => void setImmediate(resolve))
  expect(over).toBe(false)
  open()
  await result
  expect(over).toBe(true)
})

test('several waits are awaited one after another', async () => {
  const events: number[] = []
  function* operation(): Sleepable<string> {
    for (let i = 0; i < 5; i++) {
      yield Promise.resolve()
      events.push(i)
    }
    return 'over'
  }
  expect(await runAsync(operation())).toBe('over')
  expect(events).toEqual([0, 1, 2, 3, 4])
})

test('a rejection is thrown into the operation, which can catch it and go on waiting', async () => {
  const failure = new Error('the disk')
  let caught: unknown
  function* operation(): Sleepable<string> {
    try {
      yield Promise.reject(failure)
    } catch (error) {
      caught = error
    }
    yield Promise.resolve()
    return 'recovered'
  }
  expect(await runAsync(operation())).toBe('recovered')
  expect(caught).toBe(failure)
})

test('a rejection that is not even an error is thrown into the operation', async () => {
  function* operation(): Sleepable<unknown> {
    try {
      yield Promise.reject(undefined)
      return 'nothing was thrown'
    } catch (error) {
      return error
    }
  }
  expect(await runAsync(operation())).toBeUndefined()
})

test('a rejection that the operation does not catch comes out, after it gave back what it holds', async () => {
  const given: string[] = []
  function* operation(): Sleepable<void> {
    try {
      yield Promise.reject(new Error('the disk'))
    } finally {
      given.push('lane')
    }
  }
  await expect(runAsync(operation())).rejects.toThrow('the disk')
  expect(given).toEqual(['lane'])
})

test('a lazy wait is started, once', async () => {
  let started = 0
  function* operation(): Sleepable<void> {
    yield lazy((resolve) => {
      started++
      resolve()
    })
  }
  await runAsync(operation())
  expect(started).toBe(1)
})

test('a lazy wait that fails is thrown into the operation', async () => {
  function* operation(): Sleepable<unknown> {
    try {
      yield lazy((_, reject) => {
        reject('the disk')
      })
      return 'nothing was thrown'
    } catch (error) {
      return error
    }
  }
  expect(await runAsync(operation())).toBe('the disk')
})

test('a wait that could also be blocked on is awaited all the same', async () => {
  let blocked = false
  function* operation(): Sleepable<void> {
    yield Object.assign(Promise.resolve(), {
      block: () => {
        blocked = true
        throw new Error('block was called')
      },
    })
  }
  await runAsync(operation())
  expect(blocked).toBe(false)
})

test('two operations wait side by side', async () => {
  const events: string[] = []
  function* operation(name: string): Sleepable<void> {
    events.push(`${name} 1`)
    yield Promise.resolve()
    events.push(`${name} 2`)
  }
  await Promise.all([runAsync(operation('a')), runAsync(operation('b'))])
  expect(events).toEqual(['a 1', 'b 1', 'a 2', 'b 2'])
})
