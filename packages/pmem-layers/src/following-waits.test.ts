import { expect, test, vi, type Mock } from 'vitest'
import { CannotBlockError, type MaybeSleep, type Wait } from '@bttkit/interfaces'
import { andThen, onceOver, waitOnce, type CallOutcome } from './following-waits.ts'
import { sleepThen } from './sleep-then.ts'

/** A wait that does something each time it is waited for: what follows it must not ask it twice. */
function counted(work: () => void): Wait {
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) =>
      Promise.resolve()
        .then(work)
        .then(...callbacks),
    block: work,
  }
}

/** Each kind of wait over one that counts how often it is asked. */
const kinds: [string, (work: () => void) => MaybeSleep][] = [
  ['waitOnce', (work) => waitOnce({ awaited: async () => work(), blocked: work }, 'x')],
  [
    'andThen',
    (work) =>
      andThen(
        counted(() => {}),
        () => counted(work),
        'x',
      ),
  ],
  ['onceOver', (work) => onceOver(() => counted(work), () => {}, 'x')], // oxfmt-ignore
  [
    'sleepThen',
    (work) => sleepThen(0, { method: 'write', kinds: ['write'], pieces: [] }, 'x', () => counted(work)),
  ],
]

const failing = (): Mock<() => void> =>
  vi.fn<() => void>(() => {
    throw new Error('no')
  })

test.each(kinds)('%s: who blocks, blocks again and awaits does it once', async (_name, make) => {
  const work = vi.fn<() => void>()
  const wait = make(work)
  wait?.block?.()
  wait?.block?.()
  await wait
  expect(work).toHaveBeenCalledTimes(1)
})

test.each(kinds)('%s: who awaits, awaits again and blocks does it once', async (_name, make) => {
  const work = vi.fn<() => void>()
  const wait = make(work)
  await wait
  await wait
  wait?.block?.()
  expect(work).toHaveBeenCalledTimes(1)
})

test.each(kinds)('%s: a failure is the same each time', async (_name, make) => {
  const work = failing()
  const wait = make(work)
  expect(() => wait?.block?.()).toThrow('no')
  expect(() => wait?.block?.()).toThrow('no')
  await expect(Promise.resolve(wait)).rejects.toThrow('no')
  expect(work).toHaveBeenCalledTimes(1)
})

test.each(kinds)('%s: who blocks while somebody awaits it is refused, and it ends', async (_name, make) => {
  const work = vi.fn<() => void>()
  const wait = make(work)
  const end = Promise.resolve(wait).then(() => 'over')
  await Promise.resolve()
  expect(() => wait?.block?.()).toThrow(CannotBlockError)
  expect(await end).toBe('over')
  expect(work).toHaveBeenCalledTimes(1)
})

test.each(['awaited', 'blocked on'])('onceOver tells how it ended, once, %s', async (way) => {
  const told = vi.fn<(outcome: CallOutcome) => void>()
  const wait = onceOver(() => counted(failing()), told, 'x')
  const end = async (): Promise<void> => {
    if (way === 'awaited') await wait
    else wait?.block?.()
  }
  await expect(end()).rejects.toThrow('no')
  await expect(end()).rejects.toThrow('no')
  expect(told.mock.calls).toEqual([[{ failed: true, error: new Error('no') }]])
})
