/** Real threads that die while they hold something, and what becomes of the others. */
import type { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { ThreadRegistry } from './index.ts'
import { commonWords, type CommonWords } from './members.test-support.ts'
import type { SurvivorJob, VictimJob } from './mortal-thread.test-support.ts'
import { PATIENCE_MS, endAll, kill, start, word } from './mortal-threads.test-support.ts'
import { sharedWords, turn } from './threads.test-support.ts'

afterEach(endAll)

const nothingHeld = (words: CommonWords): void => {
  expect(Atomics.load(words.lanes, 0)).toBe(0)
  expect([...words.locks, ...words.tracking].filter((held) => held !== 0)).toEqual([])
  expect(new ThreadRegistry(words.threads).numbers()).toEqual([])
}

/** A victim that holds everything, survivors that wait for it, its end; and that they all go on and leave nothing. */
async function outlive(end: VictimJob['end'], survivors: readonly Omit<SurvivorJob, 'role' | 'words'>[]) {
  const words = commonWords(1, 1)
  const victim = start({ role: 'victim', how: 'blocking', words, end })
  await word(victim)
  const waiting = survivors.map((survivor) => start({ ...survivor, role: 'survivor', words }))
  await Promise.all(waiting.map(word))
  const goOn = waiting.map(word)
  await kill(victim, end)
  expect(await Promise.all(goOn)).toEqual(survivors.map(() => 'went on'))
  nothingHeld(words)
}

const things = ['lane', 'lock', 'block'] as const
const ways = ['blocking', 'async'] as const

test.each(ways.flatMap((how) => things.map((waitsFor) => ({ how, waitsFor }))))(
  'a thread that waits ($how) for the $waitsFor of one that is terminated goes on',
  async (survivor) => {
    await outlive('sleeps', [survivor])
  },
)

test.each(['runs', 'exits', 'throws'] as const)(
  'so does one that waits for a thread that %s when it ends',
  async (end) => {
    await outlive(end, [{ how: 'blocking', waitsFor: 'lock' }])
  },
)

test.each(ways)('three threads that wait (%s) for one that is terminated all go on', async (how) => {
  await outlive(
    'sleeps',
    things.map((waitsFor) => ({ how, waitsFor })),
  )
})

test('nobody recovers from a thread that lives, however long it holds', async () => {
  const words = commonWords(1, 1)
  const victim = start({ role: 'victim', how: 'blocking', words, end: 'sleeps' })
  const number = await word(victim)
  const survivor = start({ role: 'survivor', how: 'blocking', waitsFor: 'lane', words })
  await word(survivor)
  let wentOn = false
  survivor.once('message', () => (wentOn = true))
  // Ten rounds of the one that waits.
  await new Promise((resolve) => void setTimeout(resolve, 200))
  expect(wentOn).toBe(false)
  expect(new ThreadRegistry(words.threads).numbers()).toContain(number)
})

const KILLS = 25

test.each([2, 4])(
  'of %i threads that count, some are terminated at any moment, and no count is lost',
  async (threads) => {
    const [laneCount, lockCount] = [2, 2]
    const words = commonWords(laneCount, lockCount)
    const counts = sharedWords(2 * (laneCount + lockCount))
    const [total, stop] = [sharedWords(1), sharedWords(1)]
    const startCounter = (i: number): Worker =>
      start({ role: 'counter', how: i % 2 === 0 ? 'blocking' : 'async', words, counts, total, stop })
    const living = Array.from({ length: threads }, (_, i) => startCounter(i))
    const counted = (): number => Atomics.load(total, 0)
    const progress = async (): Promise<void> => {
      const before = counted()
      const deadline = performance.now() + PATIENCE_MS
      while (counted() < before + 20) {
        if (performance.now() > deadline) throw new Error('the threads hang')
        await turn()
      }
    }
    for (let i = 0; i < KILLS; i++) {
      await progress()
      await living[i % threads]?.terminate()
      living[i % threads] = startCounter(i)
    }
    await progress()
    const overlaps = living.map(word)
    Atomics.store(stop, 0, 1)
    expect(await Promise.all(overlaps)).toEqual(living.map(() => 0))
    const sum = counts.reduce((all, count, i) => (i % 2 === 0 ? all + count : all), 0)
    // Who dies between its count and the total's leaves them apart by one.
    expect(Math.abs(sum - counted())).toBeLessThanOrEqual(KILLS)
    expect(words.lanes.subarray(0, laneCount).every((lane) => lane === 0)).toBe(true)
    nothingHeld(words)
  },
)
