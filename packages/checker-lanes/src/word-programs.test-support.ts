/** Small programs of threads: some of which one can say how many schedules they have, and a lock with its mistakes. */
import { SeededRandom } from './seeded-random.ts'
import type { ThreadBody, WordProgram, WordPrograms } from './word-program.ts'

/** Each end is a finding, so that tests can tell which ends there are. */
const everyEnd = (words: Int32Array): string => `it ends with ${words.join(' ')}`
const right = (): undefined => undefined

/** Stores numbers that nobody else does. */
const stores =
  (at: number, first: number, count: number): ThreadBody =>
  (words, atomics) => {
    for (let i = 0; i < count; i++) atomics.store(words, at, first + i)
  }

const increment: ThreadBody = (words, atomics) => atomics.store(words, 0, atomics.load(words, 0) + 1)

const LOCK = 0
const COUNT = 1
const [FREE, HELD, WAITED] = [0, 1, 2]

interface Mistakes {
  readonly releasesInSilence?: boolean
  readonly takesByTwoAccesses?: boolean
  readonly unlocksBeforeItStores?: boolean
  readonly marksAfterItsLook?: boolean
}

/** Takes a lock on which one can sleep, counts under it, and gives it back. */
const useLock =
  (mistakes: Mistakes = {}): ThreadBody =>
  (words, atomics) => {
    const take = (from: number, to: number): number => {
      if (mistakes.takesByTwoAccesses !== true) return atomics.compareExchange(words, LOCK, from, to)
      const seen = atomics.load(words, LOCK)
      if (seen === from) atomics.store(words, LOCK, to)
      return seen
    }
    const unlock = (): void => {
      const before = atomics.exchange(words, LOCK, FREE)
      if (before === WAITED && mistakes.releasesInSilence !== true) atomics.notify(words, LOCK, 1)
    }
    if (take(FREE, HELD) !== FREE) {
      while (atomics.exchange(words, LOCK, WAITED) !== FREE) {
        if (mistakes.marksAfterItsLook === true) atomics.wait(words, LOCK, atomics.load(words, LOCK), 1)
        else atomics.wait(words, LOCK, WAITED, 1)
      }
    }
    const counted = atomics.load(words, COUNT)
    if (mistakes.unlocksBeforeItStores === true) unlock()
    atomics.store(words, COUNT, counted + 1)
    if (mistakes.unlocksBeforeItStores !== true) unlock()
  }

function lockProgram(threads: number, mistakes?: Mistakes): WordProgram {
  return {
    wordCount: 2,
    threads: Array.from({ length: threads }, () => useLock(mistakes)),
    check: ([lock, counted]) =>
      lock === FREE && counted === threads ? undefined : `${counted} were counted, the lock is ${lock}`,
  }
}

const sleep: ThreadBody = (words, atomics) => {
  const result = atomics.wait(words, 0, 0, 1)
  atomics.add(words, 1, ['ok', 'not-equal', 'timed-out'].indexOf(result) + 1)
}

const wakeOne: ThreadBody = (words, atomics) => void atomics.notify(words, 0, 1)

const storeAndWake: ThreadBody = (words, atomics) => {
  atomics.store(words, 0, 1)
  atomics.notify(words, 0)
}

/** Different accesses to two words; what they return decides what comes next. */
const mixed =
  (number: number): ThreadBody =>
  (words, atomics) => {
    const seen = atomics.compareExchange(words, 0, 0, number)
    if (seen === 0) atomics.or(words, 1, number)
    else atomics.add(words, 1, seen)
    if (atomics.load(words, 1) > 2) atomics.exchange(words, 0, 0)
    else atomics.wait(words, 0, number, 1)
    atomics.notify(words, 0)
  }

/** Tells in the first word how often it would look. */
const tellSpins: ThreadBody = (words, atomics) => atomics.store(words, 0, atomics.spins)

/** So many accesses by chance to two words. What they return goes into the thread's own word. */
const byChance =
  (seed: number, thread: number, accesses: number): ThreadBody =>
  (words, atomics) => {
    const random = new SeededRandom(seed * 3 + thread)
    let seen = thread
    for (let access = 0; access < accesses; access++) {
      const at = random.below(2)
      const value = random.below(3)
      const choices = [
        () => atomics.load(words, at),
        () => atomics.store(words, at, value),
        () => atomics.or(words, at, value),
        () => atomics.compareExchange(words, at, value, thread),
        () => (atomics.wait(words, at, value, 1) === 'ok' ? 7 : 8),
        () => atomics.notify(words, at),
      ]
      seen = seen * 10 + (choices[random.below(choices.length)]?.() ?? 0)
    }
    atomics.store(words, 2 + thread, seen)
  }

const SEEDS = 8

/** Threads that make so many accesses by chance each, and then store what they have seen. */
function randomProgram(seed: number, threads: number, accesses: number): WordProgram {
  return {
    wordCount: 2 + threads,
    threads: Array.from({ length: threads }, (_, thread) => byChance(seed, thread, accesses)),
    check: everyEnd,
  }
}

const randomPrograms: WordPrograms = Object.fromEntries(
  Array.from({ length: SEEDS }, (_, seed) =>
    seed < 4
      ? [`random ${seed}`, randomProgram(seed, 2, 4)]
      : [`random ${seed} of three`, randomProgram(seed, 3, 1)],
  ),
)

export const RANDOM_PROGRAMS: readonly string[] = Object.keys(randomPrograms)

export const wordPrograms: WordPrograms = {
  ...randomPrograms,
  independent: { wordCount: 2, threads: [stores(0, 1, 3), stores(1, 1, 3)], check: right },
  dependent: { wordCount: 1, threads: [stores(0, 10, 3), stores(0, 20, 3)], check: right },
  'same stores': { wordCount: 1, threads: [stores(0, 0, 1), stores(0, 0, 1)], check: right },
  increments: {
    wordCount: 1,
    threads: [increment, increment],
    check: ([sum]) => (sum === 2 ? undefined : `the sum is ${sum}`),
  },
  lock: lockProgram(2),
  'lock of three': lockProgram(3),
  'released in silence': lockProgram(2, { releasesInSilence: true }),
  'taken by two accesses': lockProgram(2, { takesByTwoAccesses: true }),
  'unlocked before the store': lockProgram(2, { unlocksBeforeItStores: true }),
  'marked after the look': lockProgram(3, { marksAfterItsLook: true }),
  'sleeps for ever': { wordCount: 2, threads: [sleep], check: everyEnd },
  'sleeps for a time': { wordCount: 2, threads: [sleep], timeouts: 1, check: everyEnd },
  'sleeps until a store': { wordCount: 2, threads: [sleep, storeAndWake], check: everyEnd },
  'wake-up or time': { wordCount: 2, threads: [sleep, wakeOne], timeouts: 1, check: everyEnd },
  'one is woken': {
    wordCount: 2,
    threads: [sleep, sleep, wakeOne],
    check: everyEnd,
  },
  'looks before it sleeps': { wordCount: 2, threads: [tellSpins], spins: 2, check: everyEnd },
  'mixed of two': { wordCount: 2, threads: [mixed(1), mixed(2)], check: everyEnd },
  throws: {
    wordCount: 1,
    threads: [
      increment,
      () => {
        throw new RangeError('of its own')
      },
    ],
    check: right,
  },
  'foreign words': {
    wordCount: 1,
    threads: [(_, atomics) => void atomics.load(new Int32Array(new SharedArrayBuffer(4)), 0)],
    check: right,
  },
}
