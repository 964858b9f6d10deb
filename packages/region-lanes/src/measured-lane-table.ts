/**
 * A lane table that keeps count of what becomes of its lanes.
 *
 * Invariants:
 * - Only the holder of a lane writes its row, and for the last time before it gives the lane back; the table below makes one holder's
 *   stores visible to the next. So the rows may lie in a SharedArrayBuffer and need no atomics: each thread has a table
 *   of this kind over its own one and the same rows.
 * - Since when a lane is held is known to the thread that took it, because clocks of threads do not begin together.
 *
 * A quarantined lane counts as held until it is restored; where another thread restores it, until it was quarantined. Waits
 * that end with an error are not counted: no lane came of them. Where a table lets two tasks into one lane, only the time between the last
 * acquisition and the first release after it counts.
 */
import type { LaneStatistics, LaneTable, LaneWaitOptions, Sleepable, Wait } from '@bttkit/interfaces'

const ACQUISITIONS = 0
const WAITS = 1
const WAIT_MS = 2
const HOLD_MS = 3
const NUMBERS_A_LANE = 4

/** A lane that this thread does not hold, or has not put into quarantine. */
const UNKNOWN = NaN

export class MeasuredLaneTable implements LaneTable {
  readonly laneCount: number
  readonly atomicWhileHeld: boolean
  readonly isExclusive: boolean
  declare readonly isWaitedFor?: () => boolean
  declare readonly lanesOf?: (thread: number) => number[]
  declare readonly takeOver?: (lane: number, thread: number) => boolean
  private readonly lanes: LaneTable
  private readonly rows: Float64Array
  /** When this thread took each lane that it holds, as `performance.now()` counts. */
  private readonly heldSince: Float64Array
  /** When it put each lane into quarantine that is still there. */
  private readonly quarantinedSince: Float64Array

  /** How many numbers the statistics of a table need. */
  static numbersFor(laneCount: number): number {
    return NUMBERS_A_LANE * laneCount
  }

  /**
   * @param lanes the table that is measured
   * @param rows of at least `numbersFor(laneCount)` numbers, 0 at first; may be shared by the threads that use the same lanes
   * @throws {TypeError} for too few numbers
   */
  constructor(lanes: LaneTable, rows: Float64Array) {
    const needed = MeasuredLaneTable.numbersFor(lanes.laneCount)
    if (rows.length < needed) {
      throw new TypeError(`statistics of ${lanes.laneCount} lanes need ${needed} numbers, not ${rows.length}`)
    }
    this.lanes = lanes
    this.laneCount = lanes.laneCount
    this.atomicWhileHeld = lanes.atomicWhileHeld
    this.isExclusive = lanes.isExclusive
    this.rows = rows
    this.heldSince = new Float64Array(lanes.laneCount).fill(UNKNOWN)
    this.quarantinedSince = new Float64Array(lanes.laneCount).fill(UNKNOWN)
    if (lanes.isWaitedFor !== undefined) this.isWaitedFor = () => lanes.isWaitedFor?.() === true
    // A table of one thread has neither, which is how it is told from one of several.
    if (lanes.lanesOf !== undefined) this.lanesOf = (thread) => lanes.lanesOf?.(thread) ?? []
    if (lanes.takeOver !== undefined) {
      this.takeOver = (lane, thread) => {
        if (lanes.takeOver?.(lane, thread) !== true) return false
        this.beginHold(lane, performance.now())
        return true
      }
    }
  }

  tryAcquire(hint: number): number | undefined {
    const lane = this.lanes.tryAcquire(hint)
    if (lane !== undefined) this.begin(lane, undefined)
    return lane
  }

  *acquire(hint: number, options?: LaneWaitOptions): Sleepable<number> {
    const operation = this.lanes.acquire(hint, options)
    const first = operation.next()
    if (first.done === true) {
      this.begin(first.value, undefined)
      return first.value
    }
    const rest = new WatchedOperation(operation, first)
    const lane = yield* rest
    this.begin(lane, rest.waitingSince)
    return lane
  }

  turnOf(lane: number): number {
    return this.lanes.turnOf(lane)
  }

  release(lane: number, turn?: number): void {
    if (this.isHeldHere(lane, turn)) this.count(lane, this.heldSince)
    this.lanes.release(lane, turn)
  }

  quarantine(lane: number, turn?: number): void {
    if (this.isHeldHere(lane, turn)) this.quarantinedSince[lane] = this.count(lane, this.heldSince)
    this.lanes.quarantine(lane, turn)
  }

  restore(lane: number): void {
    // Before it is restored: then somebody else may have it already.
    if (isKnown(this.quarantinedSince[lane])) this.count(lane, this.quarantinedSince)
    this.lanes.restore(lane)
  }

  heldCount(): number {
    return this.lanes.heldCount()
  }

  /** By lane. A snapshot: of what other threads do at this moment, a part may be in it. */
  statistics(): LaneStatistics[] {
    return Array.from({ length: this.laneCount }, (_, lane) => ({
      acquisitions: this.numberOf(lane, ACQUISITIONS),
      waits: this.numberOf(lane, WAITS),
      waitMs: this.numberOf(lane, WAIT_MS),
      holdMs: this.numberOf(lane, HOLD_MS),
    }))
  }

  private begin(lane: number, waitingSince: number | undefined): void {
    const now = performance.now()
    this.add(lane, ACQUISITIONS, 1)
    if (waitingSince !== undefined) {
      this.add(lane, WAITS, 1)
      this.add(lane, WAIT_MS, now - waitingSince)
    }
    this.beginHold(lane, now)
  }

  private beginHold(lane: number, now: number): void {
    this.heldSince[lane] = now
    // Another thread may have restored it.
    this.quarantinedSince[lane] = UNKNOWN
  }

  /** Whether a release would be right, as far as this thread knows. Who only thinks that it holds a lane must not write its row. */
  private isHeldHere(lane: number, turn: number | undefined): boolean {
    return isKnown(this.heldSince[lane]) && (turn === undefined || turn === this.lanes.turnOf(lane))
  }

  /** Counts the time since then as held, up to now, which it returns. */
  private count(lane: number, since: Float64Array): number {
    const now = performance.now()
    this.add(lane, HOLD_MS, now - (since[lane] ?? now))
    since[lane] = UNKNOWN
    return now
  }

  private numberOf(lane: number, column: number): number {
    return this.rows[lane * NUMBERS_A_LANE + column] ?? 0
  }

  private add(lane: number, column: number, amount: number): void {
    this.rows[lane * NUMBERS_A_LANE + column] = this.numberOf(lane, column) + amount
  }
}

function isKnown(since: number | undefined): boolean {
  return since !== undefined && !Number.isNaN(since)
}

/** The rest of an operation from its first wait on, and since when it waits. A point where others may only run first is no wait. */
class WatchedOperation implements IterableIterator<Wait, number, unknown> {
  waitingSince: number | undefined
  private readonly operation: Sleepable<number>
  private first: IteratorResult<Wait, number> | undefined

  constructor(operation: Sleepable<number>, first: IteratorResult<Wait, number>) {
    this.operation = operation
    this.first = first
  }

  next(): IteratorResult<Wait, number> {
    const step = this.first ?? this.operation.next()
    this.first = undefined
    return this.watch(step)
  }

  throw(error: unknown): IteratorResult<Wait, number> {
    return this.watch(this.operation.throw(error))
  }

  return(lane: number): IteratorResult<Wait, number> {
    return this.watch(this.operation.return(lane))
  }

  [Symbol.iterator](): this {
    return this
  }

  private watch(step: IteratorResult<Wait, number>): IteratorResult<Wait, number> {
    if (step.done !== true && step.value.isPreemption !== true) this.waitingSince ??= performance.now()
    return step
  }
}
