/** Threads that take locks and give them back. Who has a lock counts in a word of the lock. */
import { SharedLocks } from '@bttkit/region-lanes'
import type { ThreadBody, WordProgram, WordPrograms } from '@bttkit/checker-lanes'
import { runBlocking } from '@bttkit/sleepable'
import { ROUND_MS, count, differs, firstInUse, place } from './thread-steps.ts'

/** What a thread takes, one after the other: locks that it holds together. */
type Holds = readonly (readonly number[])[]

function lockProgram(lockCount: number, threads: readonly Holds[], timeouts?: number): WordProgram {
  const body =
    (holds: Holds, index: number): ThreadBody =>
    (words, atomics) => {
      const own = words.subarray(0, lockCount)
      const locks = new SharedLocks(own, 'map-lock', place(index + 1), ROUND_MS, atomics)
      for (const together of holds) {
        for (const lock of together) runBlocking(locks.acquire(lock))
        for (const lock of together) count(words, atomics, lockCount + lock)
        for (const lock of together.toReversed()) locks.release(lock)
      }
    }
  const uses = threads.flat(2)
  return {
    wordCount: 2 * lockCount,
    threads: threads.map(body),
    ...(timeouts !== undefined && { timeouts }),
    check: (words) => {
      const inUse = firstInUse('lock', words.subarray(0, lockCount))
      if (inUse !== undefined) return inUse
      for (let lock = 0; lock < lockCount; lock++) {
        const shouldBe = uses.filter((used) => used === lock).length
        const problem = differs(`the counter of lock ${lock}`, words[lockCount + lock], shouldBe)
        if (problem !== undefined) return problem
      }
      return undefined
    },
  }
}

export const LOCK_PROGRAMS: WordPrograms = {
  'a lock, two threads': lockProgram(1, [[[0]], [[0]]]),
  'a lock, two threads, twice': lockProgram(1, [
    [[0], [0]],
    [[0], [0]],
  ]),
  'a lock, three threads': lockProgram(1, [[[0]], [[0]], [[0]]]),
  'two locks, in order': lockProgram(2, [[[0, 1]], [[0, 1]], [[1]]]),
  'a lock, three threads, rounds that end': lockProgram(1, [[[0]], [[0]], [[0]]], 1),
}
