/**
 * Read tracking for the tasks of several threads.
 *
 * A word is 0, or names a block in its low 30 bits (a map entry has no more) under the bit VALID; the bit WAITED says that a
 * writer sleeps on this word. So one word a lane is enough, and a reader notifies only where a writer waits.
 *
 * Invariants:
 * - The block and VALID of a word are changed by the holder of its lane only, be it one who took the lane over from a dead thread; a writer adds
 *   WAITED, and only to the value it saw.
 * - A writer sleeps only on a word with WAITED. Whatever replaces such a word notifies its sleepers: the replacement
 *   is an exchange, so it cannot miss a WAITED that came just before.
 * - All sleepers of a word are woken, so a writer that went away takes no wake-up from another.
 */
import type { MaybeSleep, ReadTracking, Sleepable, ThreadPlace, WordAtomics } from '@bttkit/interfaces'
import { NATIVE_ATOMICS } from './native-atomics.ts'
import { ROUND_MS, WordWait, requireShared, type Waiter, type WordToWaitFor } from './word-wait.ts'

const IDLE = 0
/** Tells block 0 from an idle word. */
const VALID = 0x8000_0000 | 0
const WAITED = 0x4000_0000

export class SharedReadTracking implements ReadTracking {
  private readonly words: Int32Array
  private readonly atomics: WordAtomics
  private readonly waiter: Waiter

  /**
   * @param words of a SharedArrayBuffer, one a lane, 0 when the lane reads nothing
   * @param thread who waits; without it nobody else uses the words, and no dead reader is looked for
   * @param roundMs milliseconds after which a waiter has dead threads looked for
   * @param atomics what is done to the words goes through these
   * @throws {LaneMisuseError} for words that are not shared
   */
  constructor(words: Int32Array, thread?: ThreadPlace, roundMs = ROUND_MS, atomics = NATIVE_ATOMICS) {
    requireShared(words, 'read-tracking')
    this.words = words
    this.atomics = atomics
    this.waiter = { thread, roundMs, atomics }
  }

  /**
   * A full fence. The exchange is sequentially consistent, which by itself orders it only with other atomics: on ARM a plain
   * load, such as that of the map which follows, may pass a store-release. It cannot pass the atomic load (an acquire),
   * which in turn cannot pass the exchange.
   */
  enter(lane: number, block: number): MaybeSleep {
    this.change(lane, block | VALID)
    this.atomics.load(this.words, lane)
    return undefined
  }

  leave(lane: number): void {
    this.change(lane, IDLE)
  }

  isRead(block: number): boolean {
    return this.readerOf(block) !== undefined
  }

  anyRead(): boolean {
    this.fenceBeforeLook()
    return this.atomics.find(this.words, VALID, VALID) >= 0
  }

  *waitUntilUnread(block: number): Sleepable<void> {
    for (let lane = this.readerOf(block); lane !== undefined; lane = this.readerOf(block)) {
      const wait = new WordWait(this.wordOf(lane, block), this.waiter)
      try {
        while (this.markIfRead(lane, block)) yield* wait.round(block | VALID | WAITED)
      } finally {
        wait.close(true)
      }
    }
  }

  private readerOf(block: number): number | undefined {
    this.fenceBeforeLook()
    const lane = this.atomics.find(this.words, ~WAITED, block | VALID)
    return lane < 0 ? undefined : lane
  }

  /**
   * The other half of the fence in `enter`. Before it a writer has changed the map by an atomic store, or under a map lock, whose release is one; after
   * it come plain loads of all words, since an atomic load for each lane would cost more than the rest of a write to memory. On ARM this load (an
   * acquire) cannot pass that store, and the plain loads cannot pass this load. What a writer stores to a block depends on what it saw here, and
   * no processor makes such a store visible before the load that decided it. A word is aligned, so a plain load of it is never torn.
   */
  private fenceBeforeLook(): void {
    this.atomics.load(this.words, 0)
  }

  /** Says that a writer sleeps; false when the reader has left, or turned to another block, before it could be told. */
  private markIfRead(lane: number, block: number): boolean {
    const read = block | VALID
    const waited = read | WAITED
    const seen = this.atomics.compareExchange(this.words, lane, read, waited)
    return seen === read || seen === waited
  }

  private change(lane: number, word: number): void {
    const before = this.atomics.exchange(this.words, lane, word)
    if ((before & WAITED) !== 0) this.atomics.notify(this.words, lane)
  }

  private wordOf(lane: number, block: number): WordToWaitFor {
    return {
      words: this.words,
      index: lane,
      on: { object: 'read-tracking', kind: 'acquire', start: block, end: block + 1 },
      ready: () => !this.isRead(block),
      passOn: () => {},
    }
  }
}
