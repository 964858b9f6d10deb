/**
 * What is known of the sectors that all tasks write, in words that all threads share: enough to tell of a whole sector that was read
 * whether it can be what was there.
 *
 * Each sector has a clock. A write takes a tick before it begins and another when it is over, so one that began after another had
 * ended has the larger first tick. `newestStart` is the largest first tick of all writes that are over: a write that ended before it was
 * replaced by then, and nobody who begins to read after that may see it.
 *
 * Order, with sequentially consistent atomics: a writer says that it has started before it stores, and that it has ended after it;
 * of its end it notes the tick first and the generation then. A reader looks at all this before it reads, and once more at `started`
 * after it. So what a reader takes for ended had ended, and what it takes for not started had not.
 *
 * Zeroing is a write without a name: sectors of zeros are judged by the newest zeroing that has ended, and by whether one is under way.
 */

const AT = { clock: 0, newestStart: 1, zeroesStarted: 2, zeroesEnded: 3, zeroEndTick: 4, writers: 5 } as const
const WRITER = { started: 0, ended: 1, endTick: 2 } as const
const WRITER_WORDS = 3

/** Why what was read cannot have been there. */
export type SharedFault =
  /** An older write than its writer's last that had ended. */
  | 'stale'
  /** Something was written after it, by somebody else, and is gone. */
  | 'lost'
  /** Nobody has begun to write this. */
  | 'never written'

/** What a reader knew of a sector before it read. Made once a task, and filled by `look`. */
export interface SharedView {
  newestStart: number
  zeroesEnded: number
  zeroEndTick: number
  readonly ended: Int32Array
  readonly endTicks: Int32Array
}

export class SharedSectors {
  private readonly words: Int32Array
  private readonly writers: number
  private readonly stride: number

  /** How many words so many sectors of so many writers need. */
  static wordsFor(sectors: number, writers: number): number {
    return sectors * (AT.writers + writers * WRITER_WORDS)
  }

  /** @param words of a SharedArrayBuffer, 0 at first: all sectors hold zeros */
  constructor(words: Int32Array, writers: number) {
    this.words = words
    this.writers = writers
    this.stride = AT.writers + writers * WRITER_WORDS
  }

  /** Returns the tick to end it with. */
  beginWrite(sector: number, writer: number, generation: number): number {
    Atomics.store(this.words, this.writerAt(sector, writer) + WRITER.started, generation)
    return this.tick(sector)
  }

  endWrite(sector: number, writer: number, generation: number, startTick: number): void {
    const at = this.writerAt(sector, writer)
    Atomics.store(this.words, at + WRITER.endTick, this.tick(sector))
    Atomics.store(this.words, at + WRITER.ended, generation)
    this.raise(sector * this.stride + AT.newestStart, startTick)
  }

  /** Returns the tick to end it with. */
  beginZero(sector: number): number {
    Atomics.add(this.words, sector * this.stride + AT.zeroesStarted, 1)
    return this.tick(sector)
  }

  endZero(sector: number, startTick: number): void {
    const at = sector * this.stride
    this.raise(at + AT.zeroEndTick, this.tick(sector))
    Atomics.add(this.words, at + AT.zeroesEnded, 1)
    this.raise(at + AT.newestStart, startTick)
  }

  newView(): SharedView {
    const { writers } = this
    return {
      newestStart: 0,
      zeroesEnded: 0,
      zeroEndTick: 0,
      ended: new Int32Array(writers),
      endTicks: new Int32Array(writers),
    }
  }

  /** Notes what is known now, before a read. */
  look(sector: number, view: SharedView): void {
    const at = sector * this.stride
    view.newestStart = Atomics.load(this.words, at + AT.newestStart)
    view.zeroesEnded = Atomics.load(this.words, at + AT.zeroesEnded)
    view.zeroEndTick = Atomics.load(this.words, at + AT.zeroEndTick)
    for (let writer = 0; writer < this.writers; writer++) {
      const words = this.writerAt(sector, writer)
      view.ended[writer] = Atomics.load(this.words, words + WRITER.ended)
      view.endTicks[writer] = Atomics.load(this.words, words + WRITER.endTick)
    }
  }

  /** Judges a whole write that was read after `look`. */
  judge(sector: number, view: SharedView, writer: number, generation: number): SharedFault | undefined {
    const ended = view.ended[writer]
    if (ended === undefined) return 'never written'
    if (generation > Atomics.load(this.words, this.writerAt(sector, writer) + WRITER.started))
      return 'never written'
    if (generation < ended) return 'stale'
    const isReplaced = generation === ended && (view.endTicks[writer] ?? 0) < view.newestStart
    return isReplaced ? 'lost' : undefined
  }

  /** Judges zeros that were read after `look`. */
  judgeZeros(sector: number, view: SharedView): SharedFault | undefined {
    const started = Atomics.load(this.words, sector * this.stride + AT.zeroesStarted)
    if (started > view.zeroesEnded) return undefined
    return view.zeroEndTick < view.newestStart ? 'lost' : undefined
  }

  private writerAt(sector: number, writer: number): number {
    return sector * this.stride + AT.writers + writer * WRITER_WORDS
  }

  private tick(sector: number): number {
    return Atomics.add(this.words, sector * this.stride + AT.clock, 1) + 1
  }

  private raise(at: number, value: number): void {
    for (let seen = Atomics.load(this.words, at); seen < value;) {
      const before = Atomics.compareExchange(this.words, at, seen, value)
      if (before === seen) return
      seen = before
    }
  }
}
