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
  private readonly leftBehind = new Set<number>()

  constructor(laneCount: number) {
    this.laneCount = laneCount
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
    this.leftBehind.add(lane)
  }

  /** Ends the section that was left behind. */
  restore(lane: number): void {
    if (!this.leftBehind.delete(lane)) throw new LaneMisuseError({}, `lane ${lane} is not quarantined`)
    this.release(lane)
  }
}
