/**
 * The lane table for several threads.
 *
 * Layout: one word a lane, as in `SharedLocks`, then one word for those who wait for any lane: its lowest bit is set while there may be
 * one, the others count how often that bit was cleared.
 *
 * Invariants (first-idle; a static table waits for the lane's own word, and leaves the last one alone):
 * - A waiter sets the bit and looks at every lane after that; a releaser frees its lane and looks at the bit after that. Atomics
 *   are sequentially consistent, so one of them sees the other: the waiter the lane, or the releaser the bit.
 * - A release that sees the bit wakes one who sleeps. Where nobody does, it clears the bit, and so changes the value: a waiter sleeps on the very value that it
 *   read before it looked at the lanes, so one who was on its way to sleep does not sleep. Whoever fell asleep before the clearing is woken after it.
 * - So for each lane that was released while somebody slept, somebody is awake on its way to look. One who looked before the release and sleeps after it is
 *   right to: that lane is for the one who was woken. It sets the bit again before it looks, so whoever takes the lane from under it wakes the next.
 * - The bit is cleared with a new count. Else, when somebody set it again, the value would be the old one, and one who looked before the clearing would sleep on it:
 *   of the lanes that were released while the bit was clear, of which nobody was told, it would miss all but that other one's.
 * - A thread that dies between freeing its lane and waking somebody leaves a lane that is seen free after a round (word-wait.ts).
 *
 * All threads have the same policy. The tasks of one thread get lanes in the order in which they asked (thread-line.ts), those for one lane under static,
 * all of them under first-idle. Among threads there is no handover and no order: one that runs may take a lane before the one that was woken (see `SharedLocks`).
 */
import type { LaneTable, LaneTableOptions, LaneWaitOptions, Sleepable, WordAtomics } from '@bttkit/interfaces'
import { checkHint } from './check-hint.ts'
import { checkWaitOptions } from './limited-wait.ts'
import { NATIVE_ATOMICS } from './native-atomics.ts'
import { SharedLocks } from './shared-locks.ts'
import { ThreadLine } from './thread-line.ts'
import { ROUND_MS, WordWait, requireShared, type Waiter, type WordToWaitFor } from './word-wait.ts'

const WAITED_FOR = 1
const ONE_CLEARING = 2

export class SharedLaneTable implements LaneTable {
  readonly laneCount: number
  readonly atomicWhileHeld = false
  readonly isExclusive = true
  private readonly words: Int32Array
  private readonly atomics: WordAtomics
  private readonly locks: SharedLocks
  private readonly isStatic: boolean
  private readonly waiter: Waiter
  /** The tasks of this thread that wait for any lane. */
  private readonly line = new ThreadLine()

  /**
   * @param words of a SharedArrayBuffer, 0 at first: one a lane and one more
   * @param options without a thread nobody else uses the words, and no dead holder is looked for
   * @param roundMs milliseconds after which a waiter has dead threads looked for
   * @param atomics what is done to the words goes through these
   * @throws {LaneMisuseError} for no lanes, words that are not shared, or a thread number that is none
   */
  constructor(
    words: Int32Array,
    { policy, thread }: LaneTableOptions,
    roundMs = ROUND_MS,
    atomics = NATIVE_ATOMICS,
  ) {
    requireShared(words, 'lane')
    this.laneCount = Math.max(0, words.length - 1)
    this.locks = new SharedLocks(words.subarray(0, this.laneCount), 'lane', thread, roundMs, atomics)
    this.words = words
    this.atomics = atomics
    this.isStatic = policy === 'static'
    this.waiter = { thread, roundMs, atomics }
  }

  tryAcquire(hint: number): number | undefined {
    checkHint(hint)
    return this.takeUnlessWaited(hint < this.laneCount ? hint : hint % this.laneCount)
  }

  /** A signal that is aborted already is refused whether or not a lane is idle; a limit of 0 takes an idle lane and waits for none. */
  *acquire(hint: number, options?: LaneWaitOptions): Sleepable<number> {
    checkHint(hint)
    const hinted = hint % this.laneCount
    if (options !== undefined) checkWaitOptions(options, this.isStatic ? `lane ${hinted}` : 'any lane')
    const lane = this.takeUnlessWaited(hinted)
    if (lane !== undefined) return lane
    if (!this.isStatic) return yield* this.acquireAny(hinted, options ?? {})
    yield* this.locks.acquire(hinted, options)
    return hinted
  }

  turnOf(lane: number): number {
    return this.locks.turnOf(lane)
  }

  release(lane: number, turn?: number): void {
    this.locks.release(lane, turn)
    if (!this.isStatic) this.wakeOne()
  }

  quarantine(lane: number, turn?: number): void {
    this.locks.quarantine(lane, turn)
  }

  restore(lane: number): void {
    this.locks.restore(lane)
    if (!this.isStatic) this.wakeOne()
  }

  /** True for a while after the last waiter has gone: until a release finds nobody to wake. */
  isWaitedFor(): boolean {
    if (this.isStatic) return false
    return this.line.isOccupied || (this.atomics.load(this.words, this.laneCount) & WAITED_FOR) !== 0
  }

  lanesOf(thread: number): number[] {
    return this.locks.locksOf(thread)
  }

  takeOver(lane: number, thread: number): boolean {
    return this.locks.takeOver(lane, thread)
  }

  /** How many lanes are held or quarantined, by all threads. A snapshot, word after word. */
  heldCount(): number {
    return this.locks.heldCount()
  }

  /** A lane that is idle, and that no task of this thread waits for. */
  private takeUnlessWaited(hinted: number): number | undefined {
    return this.line.isOccupied ? undefined : this.takeFrom(hinted)
  }

  private takeFrom(hinted: number): number | undefined {
    if (this.locks.tryAcquire(hinted)) return hinted
    return this.isStatic ? undefined : this.takeAfter(hinted)
  }

  private takeAfter(hinted: number): number | undefined {
    for (let distance = 1; distance < this.laneCount; distance++) {
      const lane = (hinted + distance) % this.laneCount
      if (this.locks.tryAcquire(lane)) return lane
    }
    return undefined
  }

  private acquireAny(hinted: number, options: LaneWaitOptions): Sleepable<number> {
    const wait = new WordWait(this.anyLane(), this.waiter, options)
    return this.line.inTurn(wait.on, options, this.takeByWaiting(hinted, wait))
  }

  private *takeByWaiting(hinted: number, wait: WordWait): Sleepable<number> {
    let lane: number | undefined
    try {
      for (;;) {
        const expected = this.atomics.or(this.words, this.laneCount, WAITED_FOR) | WAITED_FOR
        // Only now: a release before the bit was set woke nobody.
        lane = this.takeFrom(hinted)
        if (lane !== undefined) return lane
        yield* wait.round(expected)
      }
    } finally {
      wait.close(lane !== undefined)
    }
  }

  private anyLane(): WordToWaitFor {
    return {
      words: this.words,
      index: this.laneCount,
      on: { object: 'lane', kind: 'acquire', start: 0, end: this.laneCount },
      ready: () => this.anyIdle(),
      passOn: () => this.wakeOne(),
    }
  }

  private anyIdle(): boolean {
    for (let lane = 0; lane < this.laneCount; lane++) if (this.locks.isFree(lane)) return true
    return false
  }

  private wakeOne(): void {
    const { atomics, words, laneCount: sequence } = this
    const seen = atomics.load(words, sequence)
    if ((seen & WAITED_FOR) === 0 || atomics.notify(words, sequence, 1) > 0) return
    // The count wraps around; nobody is on its way to sleep for 2 ** 31 clearings.
    const cleared = ((seen & ~WAITED_FOR) + ONE_CLEARING) | 0
    // Between the notification and this, somebody may have fallen asleep on `seen`: nobody would wake him any more.
    if (atomics.compareExchange(words, sequence, seen, cleared) === seen) atomics.notify(words, sequence)
  }
}
