import {
  CannotBlockError,
  InvariantError,
  WouldSleepError,
  type Sleepable,
  type Wait,
  type WaitObject,
} from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { inAtomicContext, mightSleep, runAtomic, runBlocking } from './index.ts'

const waitFor = (object: WaitObject, end = 4): Wait =>
  Object.assign(Promise.resolve(), { on: { object, kind: 'acquire', start: 3, end } as const })

function* waits(wait: Wait, afterwards: () => void = () => {}): Sleepable<string> {
  try {
    yield wait
    return 'it went on'
  } finally {
    afterwards()
  }
}

/** An operation as the engine writes them; `contended` says whether it would really have to wait this time. */
function* mayWait(contended: boolean, store: () => void): Sleepable<void> {
  mightSleep('disk.img', 'a write')
  store()
  if (contended) yield Promise.resolve()
}

test('an operation that never waits returns its result', () => {
  function* add(): Sleepable<number> {
    return 3
  }
  expect(runAtomic(add())).toBe(3)
})

test("the operation's own error comes out", () => {
  function* fail(): Sleepable<void> {
    throw new RangeError('own')
  }
  expect(() => runAtomic(fail())).toThrow(new RangeError('own'))
})

test.each([true, false])(
  'an operation that may sleep is refused at its entry (contended: %s)',
  (contended) => {
    let stored = false
    const operation = mayWait(contended, () => {
      stored = true
    })
    expect(() => runAtomic(operation)).toThrow(WouldSleepError)
    expect(stored).toBe(false)
  },
)

test('the refusal names the image and what may sleep', () => {
  expect(() => runAtomic(mayWait(false, () => {}))).toThrow(/^disk\.img: a write may sleep/)
})

test('outside of an atomic context an operation may sleep', () => {
  let stored = false
  runBlocking(
    mayWait(false, () => {
      stored = true
    }),
  )
  expect(stored).toBe(true)
})

test.each<WaitObject>(['lane', 'map-lock', 'read-tracking'])(
  'an operation that meets a %s in use is refused',
  (object) => {
    expect(() => runAtomic(waits(waitFor(object)))).toThrow(WouldSleepError)
  },
)

test('the refusal names what is in use', () => {
  expect(() => runAtomic(waits(waitFor('map-lock')))).toThrow(/^map-lock 3 is in use/)
})

test('the refusal of a wait for any of several says that all are in use', () => {
  expect(() => runAtomic(waits(waitFor('lane', 7)))).toThrow(/^every lane is in use/)
})

test('an operation that is refused a wait gives back what it holds', () => {
  const given: string[] = []
  expect(() => runAtomic(waits(waitFor('lane'), () => given.push('lane')))).toThrow(WouldSleepError)
  expect(given).toEqual(['lane'])
})

test('what gives back still runs in the atomic context', () => {
  let atomic: boolean | undefined
  const operation = waits(waitFor('lane'), () => {
    atomic = inAtomicContext()
  })
  expect(() => runAtomic(operation)).toThrow(WouldSleepError)
  expect(atomic).toBe(true)
})

test('an operation can answer the refusal and finish without waiting', () => {
  function* triesAnotherWay(): Sleepable<string> {
    try {
      yield waitFor('lane')
      return 'waited'
    } catch (error) {
      return error instanceof WouldSleepError ? 'did without' : 'wrong error'
    }
  }
  expect(runAtomic(triesAnotherWay())).toBe('did without')
})

test('a provider that waits although it promised not to is a defect', () => {
  expect(() => runAtomic(waits(waitFor('provider')))).toThrow(InvariantError)
})

test('so is a plain promise, which says nothing of what it waits for', () => {
  expect(() => runAtomic(waits(Promise.resolve()))).toThrow(InvariantError)
})

test('an operation that waits once more after the refusal is a defect, whose cause is the refusal', () => {
  function* stubborn(): Sleepable<void> {
    try {
      yield waitFor('lane')
    } catch {
      yield waitFor('lane')
    }
  }
  expect(() => runAtomic(stubborn())).toThrow(
    expect.objectContaining({ code: 'BTT_INVARIANT', cause: expect.any(WouldSleepError) }),
  )
})

test('the context is atomic only while the operation runs', () => {
  function* look(): Sleepable<boolean> {
    return inAtomicContext()
  }
  expect(inAtomicContext()).toBe(false)
  expect(runAtomic(look())).toBe(true)
  expect(inAtomicContext()).toBe(false)
})

test('the context is left also when the operation fails', () => {
  expect(() => runAtomic(mayWait(false, () => {}))).toThrow(WouldSleepError)
  expect(inAtomicContext()).toBe(false)
})

test('an atomic operation inside of another leaves the outer one atomic', () => {
  function* nothing(): Sleepable<void> {}
  function* outer(): Sleepable<boolean> {
    runAtomic(nothing())
    return inAtomicContext()
  }
  expect(runAtomic(outer())).toBe(true)
})

test('a blocking driver inside of an atomic operation does not make it one that may sleep', () => {
  function* outer(): Sleepable<void> {
    runBlocking(mayWait(false, () => {}))
  }
  expect(() => runAtomic(outer())).toThrow(WouldSleepError)
})

test('a refused wait that fails later takes nobody by surprise', async () => {
  const surprises: unknown[] = []
  const note = (error: unknown): void => void surprises.push(error)
  process.on('unhandledRejection', note)
  try {
    const fails = (): Wait => Promise.resolve().then(() => Promise.reject(new Error('the disk')))
    expect(() => runAtomic(waits(fails()))).toThrow(InvariantError)
    expect(() => runBlocking(waits(fails()))).toThrow(CannotBlockError)
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => void setImmediate(resolve))
  } finally {
    process.off('unhandledRejection', note)
  }
  expect(surprises).toEqual([])
})
