import { LaneMisuseError, type Sleepable, type Wait } from '@bttkit/interfaces'
import { runAsync, runAtomic, runBlocking } from '@bttkit/sleepable'
import { expect, test, vi } from 'vitest'
import { SharedLaneTable } from './index.ts'
import { laneTableContract } from './lane-table-contract.test-support.ts'
import { NEVER_MS, place, sharedWords, turn } from './threads.test-support.ts'

// Rounds that never end: what the protocol of the words does not wake stays asleep, and the test fails.
laneTableContract(
  'SharedLaneTable',
  (lanes, policy) => new SharedLaneTable(sharedWords(lanes + 1), { policy, thread: place() }, NEVER_MS),
)

/** Lanes of one thread, in rounds that never end. */
const firstIdle = (words: Int32Array, number = 1): SharedLaneTable =>
  new SharedLaneTable(words, { policy: 'first-idle', thread: place(number) }, NEVER_MS)

test('words that no other thread can see are refused', () => {
  expect(() => new SharedLaneTable(new Int32Array(3), { policy: 'static' })).toThrow(LaneMisuseError)
})

test('no words at all are refused', () => {
  expect(() => new SharedLaneTable(sharedWords(0), { policy: 'static' })).toThrow(LaneMisuseError)
})

test('the release of a lane that nobody waits for leaves the common word alone; that of one which somebody waits for changes it', () => {
  const words = sharedWords(3)
  const lanes = firstIdle(words)
  const sequence = (): number => words[2] ?? 0
  lanes.tryAcquire(0)
  lanes.tryAcquire(1)
  lanes.release(1)
  expect(sequence()).toBe(0)
  lanes.tryAcquire(1)
  lanes.acquire(0).next()
  const waited = sequence()
  lanes.release(1)
  expect(sequence()).not.toBe(waited)
  // Nobody slept, so nobody has to be woken any more.
  const after = sequence()
  lanes.release(0)
  expect(sequence()).toBe(after)
})

/** The wait of an operation that has to wait. */
function waitOf(operation: Sleepable<number>): Wait {
  const step = operation.next()
  if (step.done === true) throw new Error('it did not have to wait')
  return step.value
}

const giveUp = (): never => {
  throw new Error('it sleeps')
}

test('who falls asleep after a release that woke somebody else is woken by that one', async () => {
  const words = sharedWords(2)
  const [holder, first] = [firstIdle(words, 2), firstIdle(words, 3)]
  const lanes = new SharedLaneTable(words, { policy: 'first-idle', thread: place(1, giveUp) })
  holder.tryAcquire(0)
  const woken = runAsync(first.acquire(0))
  await turn()
  const waiter = lanes.acquire(0)
  const wait = waitOf(waiter)
  holder.release(0)
  const slept = Promise.resolve(wait)
  expect(await woken).toBe(0)
  first.release(0)
  await slept
  expect(runBlocking(waiter)).toBe(0)
})

test('somebody waits from when he has found no idle lane until a release finds nobody to wake', () => {
  const words = sharedWords(3)
  const [holder, waiter] = [firstIdle(words, 1), firstIdle(words, 2)]
  for (const hint of [0, 1]) holder.tryAcquire(hint)
  expect([holder.isWaitedFor(), waiter.isWaitedFor()]).toEqual([false, false])
  const waiting = waiter.acquire(0)
  waiting.next()
  // On whichever thread he is.
  expect([holder.isWaitedFor(), waiter.isWaitedFor()]).toEqual([true, true])
  holder.release(0)
  expect(waiting.next()).toEqual({ done: true, value: 0 })
  holder.release(1)
  expect([holder.isWaitedFor(), waiter.isWaitedFor()]).toEqual([false, false])
})

test('nobody waits for any lane where each waits for his own', () => {
  const lanes = new SharedLaneTable(sharedWords(3), { policy: 'static', thread: place() }, NEVER_MS)
  lanes.tryAcquire(0)
  lanes.acquire(0).next()
  expect(lanes.isWaitedFor()).toBe(false)
})

test('of two threads that wait, one whose operation is ended after it was woken wakes the other', async () => {
  const words = sharedWords(2)
  const holder = firstIdle(words)
  holder.tryAcquire(0)
  const gone = firstIdle(words, 2).acquire(0)
  const woken = Promise.resolve(waitOf(gone))
  await turn()
  const stays = runAsync(firstIdle(words, 3).acquire(0))
  await turn()
  holder.release(0)
  await woken
  gone.return(0)
  expect(await stays).toBe(0)
})

/** Lets another thread's steps come right after, or right before, the next such step of the code under test. */
function interleave(step: 'notify' | 'or', when: 'before' | 'after', others: () => void): void {
  const real = Atomics[step] as (...args: unknown[]) => number
  const spy = vi.spyOn(Atomics, step).mockImplementation((...args: unknown[]) => {
    spy.mockRestore()
    if (when === 'before') others()
    const result = real.apply(Atomics, args)
    if (when === 'after') others()
    return result
  })
}

test('who falls asleep while a releaser finds nobody asleep is woken', async () => {
  const words = sharedWords(2)
  const [holder, looks, sleeps] = [firstIdle(words, 1), firstIdle(words, 2), firstIdle(words, 3)]
  holder.tryAcquire(0)
  waitOf(looks.acquire(0))
  let woken: Promise<unknown> | undefined
  interleave('notify', 'after', () => {
    holder.tryAcquire(0)
    const wait = waitOf(sleeps.acquire(0))
    woken = new Promise((resolve) => void wait.then(resolve))
  })
  holder.release(0)
  expect(woken).toBeDefined()
  await woken
})

test('who looked before nobody waited any more does not sleep after somebody waits again', async () => {
  const words = sharedWords(3)
  const [holder, looks, sleeps] = [firstIdle(words, 1), firstIdle(words, 2), firstIdle(words, 3)]
  holder.tryAcquire(0)
  holder.tryAcquire(1)
  waitOf(looks.acquire(0))
  let looked: Wait | undefined
  interleave('notify', 'after', () => {
    holder.tryAcquire(0)
    looked = waitOf(sleeps.acquire(0))
  })
  holder.release(0)
  interleave('or', 'before', () => {
    holder.release(0)
    holder.release(1)
  })
  expect(runAtomic(firstIdle(words, 4).acquire(0))).toBe(0)
  // Lane 1 is idle, and nobody would say so.
  expect(looked).toBeDefined()
  await looked
})
