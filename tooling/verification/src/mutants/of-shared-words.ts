/** What threads do to the words of lanes, locks, read tracking, gate and registry, and in which order. */
import type { PatchedMutant } from './mutant.ts'

const LOCKS = 'packages/region-lanes/src/shared-locks.ts'
const LANES = 'packages/region-lanes/src/shared-lane-table.ts'
const TRACKING = 'packages/region-lanes/src/shared-read-tracking.ts'
const REGISTRY = 'packages/region-lanes/src/thread-registry.ts'
const WAIT = 'packages/region-lanes/src/word-wait.ts'
const SHARED_GATE = 'packages/btt/src/shared-gate.ts'
const GATE = 'packages/btt/src/operation-gate.ts'

const NO_WAKE_UP_IS_LOST = 'no wake-up between threads is lost'
const ONE_HOLDER = 'a lane or lock has one holder'

const MUTANTS_OF_LOCKS: readonly PatchedMutant[] = [
  {
    name: 'lock-taken-by-two-accesses',
    wrong: 'A lock is taken by a look and a store, and not by one compare-exchange.',
    rule: ONE_HOLDER,
    patch: {
      file: LOCKS,
      find: 'return this.atomics.compareExchange(this.words, index, FREE, this.owner) === FREE',
      replace: `if (this.atomics.load(this.words, index) !== FREE) return false
    this.atomics.store(this.words, index, this.owner)
    return true`,
    },
  },
  {
    name: 'lock-released-in-silence',
    wrong: 'Who releases a lock on which others sleep wakes nobody.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: LOCKS,
      find: `      throw this.notHeld(index, seen)
    }
    this.atomics.notify(this.words, index, 1)
`,
      replace: `      throw this.notHeld(index, seen)
    }
`,
    },
  },
  {
    name: 'other-sleepers-forgotten',
    wrong: 'Who was woken takes a lock without saying that others may still sleep on it.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: LOCKS,
      find: 'held = this.takeOrMark(index, this.owner | WAITERS)',
      replace: 'held = this.takeOrMark(index, this.owner)',
    },
  },
  {
    name: 'wait-without-comparison',
    wrong: 'Who sleeps does not tell the value that it saw, so it sleeps whatever has happened since.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: WAIT,
      find: 'atomics.wait(words, index, this.expected, this.roundLeftMs())',
      replace: 'atomics.wait(words, index, atomics.load(words, index), this.roundLeftMs())',
    },
  },
  {
    name: 'wake-up-not-passed-on',
    wrong: 'Who was woken and goes away without a lane wakes nobody in its place.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: WAIT,
      find: '    if (this.notified && !got) this.word.passOn()\n',
      replace: '',
    },
  },
]

const MUTANTS_OF_LANES: readonly PatchedMutant[] = [
  {
    name: 'waiter-registered-after-its-look',
    wrong: 'Who waits for any lane says so only after it has looked at all lanes.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: LANES,
      find: `        const expected = this.atomics.or(this.words, this.laneCount, WAITED_FOR) | WAITED_FOR
        // Only now: a release before the bit was set woke nobody.
        lane = this.takeFrom(hinted)
`,
      replace: `        lane = this.takeFrom(hinted)
        const expected = this.atomics.or(this.words, this.laneCount, WAITED_FOR) | WAITED_FOR
`,
    },
  },
  {
    name: 'waiters-looked-for-before-the-release',
    wrong: 'Who gives a lane back looks for waiters first, and then frees the lane.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: LANES,
      find: `    this.locks.release(lane, turn)
    if (!this.isStatic) this.wakeOne()
`,
      replace: `    if (!this.isStatic) this.wakeOne()
    this.locks.release(lane, turn)
`,
    },
  },
  {
    name: 'cleared-in-silence',
    wrong: 'Who says that nobody waits any more does not wake who fell asleep meanwhile.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: LANES,
      find: `    if (atomics.compareExchange(words, sequence, seen, cleared) === seen) atomics.notify(words, sequence)
`,
      replace: '    atomics.compareExchange(words, sequence, seen, cleared)\n',
    },
  },
  {
    name: 'cleared-without-a-count',
    wrong:
      'Who says that nobody waits any more leaves a word that becomes the old one when somebody waits again.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: LANES,
      find: '((seen & ~WAITED_FOR) + ONE_CLEARING) | 0',
      replace: 'seen & ~WAITED_FOR',
    },
  },
  {
    name: 'restored-in-silence',
    wrong: 'Who restores a lane from quarantine wakes nobody who waits for any lane.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: LANES,
      find: `    this.locks.restore(lane)
    if (!this.isStatic) this.wakeOne()
`,
      replace: '    this.locks.restore(lane)\n',
    },
  },
]

const MUTANTS_OF_TRACKING: readonly PatchedMutant[] = [
  {
    name: 'tracking-changed-by-two-accesses',
    wrong:
      'A reader changes its entry by a look and a store, and misses a writer that marks it between the two.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: TRACKING,
      find: 'const before = this.atomics.exchange(this.words, lane, word)',
      replace: `const before = this.atomics.load(this.words, lane)
    this.atomics.store(this.words, lane, word)`,
    },
  },
  {
    name: 'reader-leaves-in-silence',
    wrong: 'A reader that leaves does not wake the writer that waits for it.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: TRACKING,
      find: '    if ((before & WAITED) !== 0) this.atomics.notify(this.words, lane)\n',
      replace: '    void before\n',
    },
  },
]

const MUTANTS_OF_GATE: readonly PatchedMutant[] = [
  {
    name: 'entered-after-the-look',
    wrong: 'An operation looks whether the device is closed before it is counted as being inside.',
    rule: 'nobody is inside a closed device',
    patch: {
      file: GATE,
      find: `    shared.tell(this.active)
    if (!shared.isClosed) return
`,
      replace: `    const { isClosed } = shared
    shared.tell(this.active)
    if (!isClosed) return
`,
    },
  },
  {
    name: 'last-one-leaves-in-silence',
    wrong: 'The last operation to leave a device that is being closed does not wake who closes it.',
    rule: NO_WAKE_UP_IS_LOST,
    patch: {
      file: SHARED_GATE,
      find: 'if (active === 0 && this.isClosed) this.atomics.notify(this.words, this.thread.number)',
      replace: '',
    },
  },
]

const MUTANTS_OF_REGISTRY: readonly PatchedMutant[] = [
  {
    name: 'number-taken-by-two-accesses',
    wrong: 'A thread takes its number by a look and a store, and not by one compare-exchange.',
    rule: 'each thread has a number of its own',
    patch: {
      file: REGISTRY,
      find: 'return this.atomics.compareExchange(this.words, this.wordOf(number), from, to) === from',
      replace: `if (this.stateOf(number) !== from) return false
    this.atomics.store(this.words, this.wordOf(number), to)
    return true`,
    },
  },
]

export const MUTANTS_OF_SHARED_WORDS: readonly PatchedMutant[] = [
  ...MUTANTS_OF_LOCKS,
  ...MUTANTS_OF_LANES,
  ...MUTANTS_OF_TRACKING,
  ...MUTANTS_OF_GATE,
  ...MUTANTS_OF_REGISTRY,
]
