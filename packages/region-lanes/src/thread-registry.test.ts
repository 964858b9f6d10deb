import { LaneMisuseError } from '@bttkit/interfaces'
import { describe, expect, test, vi } from 'vitest'
import { currentThread } from './kernel-thread.ts'
import { ThreadRegistry } from './thread-registry.ts'
import { sharedWords } from './threads.test-support.ts'

const MOST = 127

/** A registry, and another thread's view of the same words. */
function registries(): { words: Int32Array; registry: ThreadRegistry; other: ThreadRegistry } {
  const words = sharedWords(ThreadRegistry.WORDS)
  return { words, registry: new ThreadRegistry(words), other: new ThreadRegistry(words) }
}

/** Makes a number that of a thread that started before this one under the kernel's same number, and so has gone. */
function die(words: Int32Array, number: number): void {
  const startOf = 3 * number - 1
  expect(words[startOf]).toBe(currentThread().start)
  words[startOf] = (words[startOf] ?? 0) - 1
}

/** Lets others' steps come right before the next compare-exchange of the code under test. */
function beforeNextExchange(others: () => void): void {
  const real = Atomics.compareExchange as (...args: unknown[]) => number
  const exchange = (...args: unknown[]): number => {
    spy.mockRestore()
    others()
    return real.apply(Atomics, args)
  }
  const spy = vi.spyOn(Atomics, 'compareExchange').mockImplementation(exchange as never)
}

test('words that are too few are refused', () => {
  expect(() => new ThreadRegistry(sharedWords(ThreadRegistry.WORDS - 1))).toThrow(LaneMisuseError)
})

test('threads that join get numbers of their own, from 1, which all can see', () => {
  const { registry, other } = registries()
  expect([registry.join(), other.join(), registry.join()]).toEqual([1, 2, 3])
  expect(other.numbers()).toEqual([1, 2, 3])
})

test('a number is free again when its thread leaves', () => {
  const { registry } = registries()
  registry.join()
  registry.join()
  registry.leave(1)
  expect(registry.numbers()).toEqual([2])
  expect(registry.join()).toBe(1)
})

test('127 threads join, and no more', () => {
  const { registry } = registries()
  for (let number = 1; number <= MOST; number++) expect(registry.join()).toBe(number)
  expect(() => registry.join()).toThrow(LaneMisuseError)
  registry.leave(MOST)
  expect(registry.join()).toBe(MOST)
})

test('of two threads that join at once each gets a number', () => {
  const { registry, other } = registries()
  let others = 0
  beforeNextExchange(() => (others = other.join()))
  expect([registry.join(), others]).toEqual([2, 1])
})

test.each([0, -1, 128, 1.5, NaN])('there is no thread %d', (number) => {
  const { registry } = registries()
  expect(() => registry.leave(number)).toThrow(LaneMisuseError)
  expect(() => registry.bury(number)).toThrow(LaneMisuseError)
})

test('only a thread that has joined leaves, and only itself', () => {
  const { words, registry } = registries()
  expect(() => registry.leave(1)).toThrow(LaneMisuseError)
  registry.join()
  // As if another thread of the kernel's had joined.
  words[1] = currentThread().id + 1
  expect(() => registry.leave(1)).toThrow(LaneMisuseError)
  expect(registry.numbers()).toEqual([1])
})

test('threads that are there are not claimed, nor such as have left', () => {
  const { registry } = registries()
  const self = registry.join()
  registry.leave(registry.join())
  expect(registry.claimDead(self)).toBeUndefined()
})

test('only what is claimed is buried', () => {
  const { registry } = registries()
  expect(() => registry.bury(1)).toThrow(LaneMisuseError)
  registry.join()
  expect(() => registry.bury(1)).toThrow(LaneMisuseError)
  expect(registry.numbers()).toEqual([1])
})

// Elsewhere nobody is ever found dead; see kernel-thread.ts.
describe.runIf(process.platform === 'linux')('of threads that die', () => {
  test('a dead thread is claimed once, until it is buried', () => {
    const { words, registry, other } = registries()
    const [self, dead, third] = [registry.join(), registry.join(), other.join()]
    die(words, dead)
    expect(registry.claimDead(self)).toBe(dead)
    // Neither by another thread, nor by another task of the claimer.
    expect([other.claimDead(third), registry.claimDead(self)]).toEqual([undefined, undefined])
    expect(registry.numbers()).toEqual([self, dead, third])
    registry.bury(dead)
    expect(registry.numbers()).toEqual([self, third])
    expect(registry.join()).toBe(dead)
    expect(registry.claimDead(self)).toBeUndefined()
  })

  test('each of several dead threads is claimed', () => {
    const { words, registry } = registries()
    const self = registry.join()
    for (const dead of [registry.join(), registry.join()]) die(words, dead)
    expect([registry.claimDead(self), registry.claimDead(self), registry.claimDead(self)]).toEqual([
      2,
      3,
      undefined,
    ])
  })

  test('of two survivors that find a thread dead at once, one claims it', () => {
    const { words, registry, other } = registries()
    const [self, dead, third] = [registry.join(), registry.join(), other.join()]
    die(words, dead)
    let others: number | undefined
    beforeNextExchange(() => (others = other.claimDead(third)))
    expect(registry.claimDead(self)).toBeUndefined()
    expect(others).toBe(dead)
  })

  test('what a dead claimer had claimed is claimed again, and so is the claimer', () => {
    const { words, registry, other } = registries()
    const [dead, claimer, self] = [registry.join(), registry.join(), other.join()]
    die(words, dead)
    registry.claimDead(claimer)
    die(words, claimer)
    expect([other.claimDead(self), other.claimDead(self), other.claimDead(self)]).toEqual([
      dead,
      claimer,
      undefined,
    ])
  })

  test('a claim is not taken for one of the thread that joins under the number of its dead claimer', () => {
    const { words, registry, other } = registries()
    const [claimer, dead, self] = [registry.join(), registry.join(), other.join()]
    die(words, dead)
    registry.claimDead(claimer)
    die(words, claimer)
    expect(other.claimDead(self)).toBe(claimer)
    other.bury(claimer)
    expect(registry.join()).toBe(claimer)
    expect(other.claimDead(self)).toBe(dead)
  })

  test('a claimer that leaves lets others claim', () => {
    const { words, registry, other } = registries()
    const [claimer, dead, self] = [registry.join(), registry.join(), other.join()]
    die(words, dead)
    registry.claimDead(claimer)
    registry.leave(claimer)
    expect(other.claimDead(self)).toBe(dead)
  })

  test('a claim that is given back can be claimed by others, and only a claim is', () => {
    const { words, registry, other } = registries()
    const [claimer, dead, self] = [registry.join(), registry.join(), other.join()]
    die(words, dead)
    expect(() => registry.giveBack(dead)).toThrow(LaneMisuseError)
    registry.claimDead(claimer)
    expect(other.claimDead(self)).toBeUndefined()
    registry.giveBack(dead)
    expect(other.claimDead(self)).toBe(dead)
  })

  test('a thread that joins under a number while its dead owner is claimed is not claimed itself', () => {
    const { words, registry, other } = registries()
    const [self, dead, third] = [registry.join(), registry.join(), other.join()]
    die(words, dead)
    beforeNextExchange(() => {
      expect(other.claimDead(third)).toBe(dead)
      other.bury(dead)
      expect(other.join()).toBe(dead)
    })
    expect(registry.claimDead(self)).toBeUndefined()
  })
})

test('who is there can be told by somebody else than the kernel', () => {
  const gone = new Set<number>()
  let id = 1
  const watch = {
    currentThread: () => ({ id, start: 0 }),
    hasGone: (thread: { id: number }) => gone.has(thread.id),
  }
  const registry = new ThreadRegistry(sharedWords(ThreadRegistry.WORDS), watch)
  registry.join()
  id = 2
  registry.join()
  expect(registry.claimDead(1)).toBeUndefined()
  gone.add(2)
  expect(registry.claimDead(1)).toBe(2)
  expect(() => registry.leave(1)).toThrow(LaneMisuseError)
})
