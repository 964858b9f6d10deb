import { afterEach, describe, expect, test } from 'vitest'
import { currentThread, hasGone, UNKNOWN_THREAD } from './kernel-thread.ts'
import { commonWords } from './members.test-support.ts'
import { PATIENCE_MS, endAll, kill, start, word } from './mortal-threads.test-support.ts'
import { ThreadRegistry } from './thread-registry.ts'
import { turn } from './threads.test-support.ts'

afterEach(endAll)

test('a thread that is not known never counts as gone', () => {
  expect(hasGone(UNKNOWN_THREAD)).toBe(false)
})

/** Until a condition holds; false where it never does. */
async function comesTrue(condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS
  while (!condition()) {
    if (performance.now() > deadline) return false
    await turn()
  }
  return true
}

// Elsewhere nobody is ever found gone; see kernel-thread.ts.
describe.runIf(process.platform === 'linux')('on Linux', () => {
  test('the calling thread has a number, and is there', () => {
    const thread = currentThread()
    expect(thread.id).toBeGreaterThan(0)
    expect(thread.start).not.toBe(0)
    expect(hasGone(thread)).toBe(false)
  })

  test('a number that the kernel has given to another thread since tells of the one before that it has gone', () => {
    const { id, start: begin } = currentThread()
    expect(hasGone({ id, start: begin - 1 })).toBe(true)
  })

  test('a number that no thread has tells that it has gone', () => {
    // Linux gives none above 2 ** 22.
    expect(hasGone({ id: 2 ** 22 + 1, start: 1 })).toBe(true)
  })

  test.each(['sleeps', 'runs', 'exits', 'throws'] as const)(
    'a worker that %s is there, under its own number, until its end',
    async (end) => {
      const words = commonWords(1, 1)
      const registry = new ThreadRegistry(words.threads)
      const self = registry.join()
      const victim = start({ role: 'victim', how: 'blocking', words, end })
      const number = await word(victim)
      expect(number).not.toBe(self)
      expect(registry.claimDead(self)).toBeUndefined()
      await kill(victim, end)
      let dead: number | undefined
      expect(await comesTrue(() => (dead = registry.claimDead(self)) !== undefined)).toBe(true)
      expect(dead).toBe(number)
    },
  )
})
