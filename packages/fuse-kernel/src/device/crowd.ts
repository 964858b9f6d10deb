/**
 * Whether more than one program waits for answers: only then is a second thread of use. To one that waits for each answer before it asks again, it would cost time.
 *
 * It is guessed from who asks. Requests of one program come one after the other; those of two that are busy come in turn. So a request of another one than the one before
 * adds to a score, and one of the same takes from it.
 *
 * Invariants:
 * - The guess only ever decides how many threads read requests. At least one thread does not stand by, and serves whatever the guess is.
 * - Threads write the score without regard for each other. What is lost of it is made up for by the next requests. Only the state is changed atomically.
 */

const LAST_CALLER = 0
const SCORE = 1
const STATE = 2
const WORDS = 3

const QUIET = 0
const CROWDED = 1
const OVER = 2

const GAIN = 4
const ENOUGH = 64
/** So many requests of one program in a row, and it is alone. */
const MOST = 256

/** Made by `createCrowd`; may be given to other threads. */
export type CrowdMemory = SharedArrayBuffer

/** For the threads of one mount. */
export function createCrowd(): CrowdMemory {
  return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)
}

/** Lets the threads that stand by end. For when the mount is gone, or nobody else serves it. */
export function endCrowd(memory: CrowdMemory): void {
  const words = new Int32Array(memory)
  Atomics.store(words, STATE, OVER)
  Atomics.notify(words, STATE)
}

/** A thread's look at the crowd. */
export class Crowd {
  private readonly words: Int32Array

  constructor(memory: CrowdMemory) {
    this.words = new Int32Array(memory)
  }

  /** Takes note of who made a request; 0 is nobody, as for what the kernel asks by itself. */
  note(caller: number): void {
    const { words } = this
    if (caller === 0) return
    const score = words[SCORE] ?? 0
    if (words[LAST_CALLER] === caller) {
      if (score > 0) words[SCORE] = score - 1
      return
    }
    words[LAST_CALLER] = caller
    words[SCORE] = Math.min(score + GAIN, MOST)
    if (score >= ENOUGH && words[STATE] === QUIET) {
      Atomics.compareExchange(words, STATE, QUIET, CROWDED)
      Atomics.notify(words, STATE)
    }
  }

  /** Whether one program has been alone for long. */
  get isGone(): boolean {
    return this.words[SCORE] === 0
  }

  /** Blocks the thread until there is a crowd; false when it is over. */
  wait(): boolean {
    const { words } = this
    if (this.isGone) Atomics.compareExchange(words, STATE, CROWDED, QUIET)
    for (;;) {
      const state = Atomics.load(words, STATE)
      if (state !== QUIET) return state !== OVER
      Atomics.wait(words, STATE, QUIET)
    }
  }
}
