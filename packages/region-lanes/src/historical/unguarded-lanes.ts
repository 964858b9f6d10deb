/**
 * What the models share that let a second task into a lane: what the contract asks for and the kernels did not have.
 *
 * - No turns. Every hold is number 0, and a release looks at no number: the task that another joined in its lane, which to find out is what these
 *   models are for, must be able to go on to the damage.
 * - No quarantine. A holder that goes without a release is one that never ends its section, so that is what it is here: whom the
 *   lane keeps out waits, whom it lets in it still lets in. `restore` is the release that did not come.
 */
import { LaneMisuseError, type LaneTable, type LaneWaitOptions, type Sleepable } from '@bttkit/interfaces'
import { checkLane } from './checks.ts'

export abstract class UnguardedLanes implements LaneTable {
  readonly isExclusive = false
  readonly laneCount: number
  abstract readonly atomicWhileHeld: boolean
  /** How many sections of each lane were left behind: several tasks can be in one. */
  private readonly leftBehind: Int32Array

  constructor(laneCount: number) {
    this.laneCount = laneCount
    this.leftBehind = new Int32Array(laneCount)
  }

  abstract tryAcquire(hint: number): number | undefined
  abstract acquire(hint: number, options?: LaneWaitOptions): Sleepable<number>
  abstract release(lane: number): void
  abstract heldCount(): number

  /** Always 0. */
  turnOf(lane: number): number {
    checkLane(lane, this.laneCount)
    return 0
  }

  /** Nothing but a note for `restore`: the section goes on without its task. */
  quarantine(lane: number): void {
    checkLane(lane, this.laneCount)
    this.leftBehind[lane] = this.leftBehindIn(lane) + 1
  }

  /** Ends a section that was left behind. */
  restore(lane: number): void {
    const count = this.leftBehindIn(lane)
    if (count === 0) throw new LaneMisuseError({}, `lane ${lane} is not quarantined`)
    this.leftBehind[lane] = count - 1
    this.release(lane)
  }

  private leftBehindIn(lane: number): number {
    return this.leftBehind[lane] ?? 0
  }
}
