/** What threads share, for threads that may die: as for one thread (explored-lanes.ts), and each use is an event at which its thread may die. */
import type { LaneTable, LockTable, ReadTracking } from '@bttkit/interfaces'
import { ThreadRegistry } from '@bttkit/region-lanes'
import type { StepRecorder } from './explore-scenario.ts'
import { ExploredLanes, ExploredLocks } from './explored-lanes.ts'
import type { Lives } from './explored-lives.ts'
import { ExploredReadTracking } from './explored-read-tracking.ts'

/** What takes down the tables of one run, of all its threads. */
export interface Observers {
  readonly recorder: StepRecorder
  readonly lives: Lives
  /** How many wait for a lane. */
  readonly crowd: { waiting: number }
  /** By lane: the block that its read-tracking entry names. */
  readonly named: (number | undefined)[]
}

function forThreadsOnly(what: string): never {
  throw new TypeError(`threads that die need ${what} with takeOver; these are for one thread`)
}

export class MortalLanes extends ExploredLanes {
  private readonly table: LaneTable
  private readonly observers: Observers

  constructor(table: LaneTable, observers: Observers, hints: readonly number[]) {
    super(table, observers.recorder, hints, observers.crowd)
    this.table = table
    this.observers = observers
  }

  /** Who takes several lanes may die after each of them. */
  override tryAcquire(hint: number): number | undefined {
    const { lives } = this.observers
    lives.event()
    const lane = super.tryAcquire(hint)
    lives.event()
    return lane
  }

  override release(lane: number, turn?: number): void {
    const { lives, recorder } = this.observers
    lives.event()
    if (lives.isRecovering) {
      // A lane that was a dead thread's. Its own, if it has one, it keeps.
      recorder.touch({ object: 'lane', kind: 'release', start: 0, end: this.laneCount })
      this.table.release(lane, turn)
    } else super.release(lane, turn)
    lives.event()
  }

  lanesOf(thread: number): number[] {
    return this.table.lanesOf?.(thread) ?? forThreadsOnly('lanes')
  }

  takeOver(lane: number, thread: number): boolean {
    this.observers.lives.event()
    return this.table.takeOver?.(lane, thread) ?? forThreadsOnly('lanes')
  }
}

export class MortalLocks extends ExploredLocks {
  private readonly table: LockTable
  private readonly lives: Lives

  constructor(table: LockTable, { recorder, lives }: Observers, tries = false) {
    super(table, recorder, tries)
    this.table = table
    this.lives = lives
  }

  override tryAcquire(index: number): boolean {
    this.lives.event()
    const isTaken = super.tryAcquire(index)
    this.lives.event()
    return isTaken
  }

  override release(index: number): void {
    this.lives.event()
    super.release(index)
    this.lives.event()
  }

  locksOf(thread: number): number[] {
    return this.table.locksOf?.(thread) ?? forThreadsOnly('locks')
  }

  takeOver(index: number, thread: number): boolean {
    this.lives.event()
    return this.table.takeOver?.(index, thread) ?? forThreadsOnly('locks')
  }
}

export class MortalReadTracking extends ExploredReadTracking {
  private readonly lives: Lives

  constructor(table: ReadTracking, { recorder, lives, named }: Observers) {
    super(table, recorder, named)
    this.lives = lives
  }

  override leave(lane: number): void {
    this.lives.event()
    super.leave(lane)
    this.lives.event()
  }
}

export class MortalRegistry extends ThreadRegistry {
  private readonly lives: Lives

  constructor(words: Int32Array, lives: Lives) {
    super(words, lives.watch)
    this.lives = lives
  }

  override claimDead(self: number): number | undefined {
    this.lives.look()
    const dead = super.claimDead(self)
    if (dead !== undefined) this.lives.beginRecovery()
    return dead
  }

  override bury(number: number): void {
    this.lives.event()
    super.bury(number)
    this.lives.event()
    this.lives.endRecovery()
  }

  override giveBack(number: number): void {
    super.giveBack(number)
    this.lives.endRecovery()
  }
}
