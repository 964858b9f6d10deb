/**
 * Read tracking for the tasks of one thread.
 *
 * Invariants:
 * - A word has one writer, the holder of its lane.
 * - `active` is the number of words that are not idle.
 *
 * Between two waits only one task runs, so `enter` needs no fence: the map load after it cannot be seen before it.
 */
import { InvariantError, type ReadTracking, type Sleepable, type Wait } from '@bttkit/interfaces'

const IDLE = 0
/** Tells block 0 from an idle word. */
const VALID = 0x8000_0000

export class LocalReadTracking implements ReadTracking {
  private readonly words: Int32Array
  private active = 0
  /** Writers that wait, by block. A block is the free block of one lane, so it has one. */
  private readonly waiters = new Map<number, () => void>()

  /** @param words one word a lane, 0 when the lane reads nothing */
  constructor(words: Int32Array) {
    this.words = words
  }

  enter(lane: number, block: number): undefined {
    if (this.words[lane] === IDLE) this.active++
    this.change(lane, block | VALID)
  }

  leave(lane: number): void {
    if (this.words[lane] === IDLE) return
    this.active--
    this.change(lane, IDLE)
  }

  isRead(block: number): boolean {
    return this.active > 0 && this.words.includes(block | VALID)
  }

  anyRead(): boolean {
    return this.active > 0
  }

  *waitUntilUnread(block: number): Sleepable<void> {
    while (this.isRead(block)) {
      if (this.waiters.has(block))
        throw new InvariantError({}, `two lanes wait to write internal block ${block}`)
      const unread = new Promise<void>((resolve) => {
        this.waiters.set(block, resolve)
      })
      const wait: Wait = Object.assign(unread, {
        on: { object: 'read-tracking', kind: 'acquire', start: block, end: block + 1 } as const,
        ready: () => !this.isRead(block),
      })
      try {
        yield wait
      } finally {
        this.waiters.delete(block)
      }
    }
  }

  private change(lane: number, word: number): void {
    const before = this.words[lane] ?? IDLE
    this.words[lane] = word
    if (this.waiters.size === 0 || before === IDLE) return
    const block = before & ~VALID
    if (!this.isRead(block)) this.waiters.get(block)?.()
  }
}
