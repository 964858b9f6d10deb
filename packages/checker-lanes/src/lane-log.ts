/**
 * Which lane each write got, so that a culprit can be named with it. All threads look into it; each task writes into its own ring only.
 * A ring keeps the last writes of a task; an older one's lane is not known any more.
 */

const RING_LENGTH = 512
const ENTRY_WORDS = 2

export class LaneLog {
  private readonly words: Int32Array

  /** How many words a log for so many tasks needs. */
  static wordsFor(taskCount: number): number {
    return taskCount * RING_LENGTH * ENTRY_WORDS
  }

  /** @param words of a SharedArrayBuffer, 0 at first */
  constructor(words: Int32Array) {
    this.words = words
  }

  record(task: number, generation: number, lane: number): void {
    const at = entryOf(task, generation)
    // While the entry is half written, no generation finds it.
    Atomics.store(this.words, at, 0)
    Atomics.store(this.words, at + 1, lane)
    Atomics.store(this.words, at, generation)
  }

  /** The lane of a write, or `undefined` when it is not known any more. */
  laneOf(task: number, generation: number): number | undefined {
    const at = entryOf(task, generation)
    if (at < 0 || at >= this.words.length || generation === 0) return undefined
    const lane = Atomics.load(this.words, at + 1)
    return Atomics.load(this.words, at) === generation ? lane : undefined
  }
}

function entryOf(task: number, generation: number): number {
  return (task * RING_LENGTH + (generation % RING_LENGTH)) * ENTRY_WORDS
}
