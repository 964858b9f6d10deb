import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runThreads, sharedWords, type JobOfAll } from './threads.test-support.ts'

const whats = ['locks', 'lanes static', 'lanes first-idle'] as const

const sum = (words: Int32Array): number => words.reduce((all, word) => all + word, 0)

/** Threads that count in what they hold; the first `asyncThreads` of them on their event loops. Returns how many counts were lost. */
async function lost(
  what: (typeof whats)[number],
  threads: number,
  rounds: number,
  objects = 1,
  asyncThreads = 0,
): Promise<number> {
  const words = sharedWords(what.startsWith('lanes') ? objects + 1 : objects)
  const data = sharedWords(objects)
  const jobs = Array.from({ length: threads }, (_, i): JobOfAll => {
    return { what, how: i < asyncThreads ? 'async' : 'blocking', rounds, words, data }
  })
  await runThreads(jobs)
  expect([...words.subarray(0, objects)]).toEqual(Array.from({ length: objects }, () => 0))
  return threads * rounds - sum(data)
}

const OPERATIONS = 100_000

test.each(whats)('%s: 2 threads that block lose no count of 100k each', async (what) => {
  expect(await lost(what, 2, OPERATIONS)).toBe(0)
})

test.each(whats)('%s: 4 threads that block lose no count of 100k each', async (what) => {
  expect(await lost(what, 4, OPERATIONS, 2)).toBe(0)
})

test('the measure sees what threads lose that hold nothing', async () => {
  const nothing: JobOfAll = {
    what: 'nothing',
    how: 'blocking',
    rounds: 3,
    words: sharedWords(1),
    data: sharedWords(1),
  }
  await runThreads([nothing, nothing])
  expect(sum(nothing.data)).toBeLessThan(6)
})

test.each(whats)('%s: a thread that blocks and one that awaits exclude and wake each other', async (what) => {
  expect(await lost(what, 2, 10_000, 1, 1)).toBe(0)
})

// Rounds never end in these threads, so one lost wake-up is a hang. Four threads for two objects: there is nearly always a waiter.
test.each(whats)('%s: no wake-up is lost among 2 threads that block and 2 that await', async (what) => {
  expect(await lost(what, 4, 5000, 2, 2)).toBe(0)
})

test.each(whats)('%s: nor among 2 threads of 8 tasks each and one that blocks', async (what) => {
  const [rounds, tasks] = [500, 8]
  const words = sharedWords(what === 'locks' ? 2 : 3)
  const data = sharedWords(2)
  const several: JobOfAll = { what, how: 'async', rounds, words, data, tasks }
  const { tasks: _, ...one } = { ...several, how: 'blocking' as const, rounds: 10 * rounds }
  await runThreads([several, several, one])
  expect(sum(data)).toBe((2 * tasks + 10) * rounds)
  expect([words[0], words[1]]).toEqual([0, 0])
})

test.each(['blocking', 'async'] as const)(
  'a %s writer writes no block that one of 2 reading threads reads',
  async (how) => {
    const words = sharedWords(2)
    const data = sharedWords(1 + 2 * 64)
    const reader: JobOfAll = { what: 'reader', how: 'blocking', rounds: 0, words, data }
    const torn = await runThreads([reader, reader, { ...reader, what: 'writer', how, rounds: 10_000 }])
    expect(torn).toEqual([0, 0, 0])
    expect([...words]).toEqual([0, 0])
  },
)

test('a waiter keeps its process alive until it has the lock, and no longer', async () => {
  const child = fileURLToPath(new URL('waiting-process.test-support.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@bttkit/source', child], {
    timeout: 20_000,
  })
  expect(stdout).toBe('lock\nlane\nunread\n')
})
