import { expect, test } from 'vitest'
import type { Wait } from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import { StorageCall } from './storage-call.ts'

/** A wait that starts when it is first waited for, and ends when the test says so. */
function lazy() {
  const state = { starts: 0, end: (): void => {}, fail: (_error: Error): void => {} }
  const wait: Wait = {
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) => {
      state.starts++
      return new Promise<void>((resolve, reject) => {
        state.end = resolve
        state.fail = reject
      }).then(...callbacks)
    },
  }
  return { state, call: new StorageCall(wait) }
}

test('it is over when who waits for it hears so', async () => {
  const { state, call } = lazy()
  const heard = call.then((value) => value)
  expect(call.isOver()).toBe(false)
  state.end()
  await heard
  expect(call.isOver()).toBe(true)
})

test('it is over, too, when it has failed, and who waits hears the failure', async () => {
  const { state, call } = lazy()
  const heard = call.then(undefined, (error: unknown) => error)
  state.fail(new Error('the disk'))
  expect(await heard).toEqual(new Error('the disk'))
  expect(call.isOver()).toBe(true)
})

test.each([
  ['goes well', (): void => {}],
  [
    'fails',
    (): void => {
      throw new Error('the disk')
    },
  ],
])('it is over when a block on it %s', (_how, block) => {
  const call = new StorageCall(Object.assign(new Promise<never>(() => {}), { block }))
  expect(call.isOver()).toBe(false)
  try {
    call.block?.()
  } catch (error) {
    expect(error).toEqual(new Error('the disk'))
  }
  expect(call.isOver()).toBe(true)
})

test('it is over when it is ready, and then its failure is heard at once', () => {
  let isReady = false
  let heard = 0
  const call = new StorageCall(
    Object.assign(new Promise<never>(() => {}), {
      ready: () => isReady,
      block: () => {
        heard++
        throw new Error('the disk')
      },
    }),
  )
  expect(call.isOver()).toBe(false)
  expect(heard).toBe(0)
  isReady = true
  expect(call.isOver()).toBe(true)
  expect(heard).toBe(1)
})

test('a call that nobody has waited for is started by whoever wants to know when it is over', async () => {
  const { state, call } = lazy()
  let isOver = false
  call.whenOver(() => {
    isOver = true
  })
  expect(state.starts).toBe(1)
  state.end()
  await call.then(undefined)
  expect(isOver).toBe(true)
})

test('a wait that throws where it should reject is a call that has failed', async () => {
  const call = new StorageCall({
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: () => {
      throw new Error('the disk')
    },
  })
  const failure = call.then(undefined, (error: unknown) => error)
  expect(call.isOver()).toBe(true)
  expect(await failure).toEqual(new Error('the disk'))
})

test('it is started once, however many wait for it', () => {
  const { state, call } = lazy()
  void call.then(undefined, () => {})
  call.whenOver(() => {})
  expect(state.starts).toBe(1)
})

test('it can do what the wait can do, and nothing more', () => {
  const on = { object: 'provider', kind: 'read', start: 0, end: 1 } as const
  const call = new StorageCall(preemptionPoint(on))
  expect(call).toMatchObject({ on, isPreemption: true })
  expect(call.ready?.()).toBe(true)
  const bare = new StorageCall(Promise.resolve())
  for (const key of ['on', 'isPreemption', 'ready', 'block']) expect(key in bare).toBe(false)
})
