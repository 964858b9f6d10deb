/**
 * `owner-spinlock`: version 1 of the fix, proposed in April 2026 and not merged.
 *
 * A spinlock a lane, and the task that holds it. The holder may take its lane again; everybody else waits. What it cannot see is
 * a softirq that runs in the middle of the holder's section: for the kernel it is the same task, so it is let in.
 *
 * Limit: a table is not told which task asks. The hint is the task here (it runs on CPU `hint % cpuCount`, so tasks of one CPU can
 * have different hints). Two tasks with one hint are one owner, and stand for a task and the softirq on top of it.
 *
 * Depth, not identity, ends a section: `release` is not told who asks. How the proposal met a wrong release is not known; an
 * unlock of a spinlock notices nothing, so this does not either. For one thread: the owners are private to the table.
 */
import type { LaneWaitOptions, Sleepable } from '@bttkit/interfaces'
import { checkHint } from '../check-hint.ts'
import { checkWaitOptions } from '../limited-wait.ts'
import { checkCpuCount, checkLane } from './checks.ts'
import { SpinLocks } from './spin-locks.ts'
import { UnguardedLanes } from './unguarded-lanes.ts'

interface Holding {
  readonly owner: number
  depth: number
}

export class OwnerSpinlockLaneTable extends UnguardedLanes {
  /** A spinlock, and held over the flush. */
  override readonly atomicWhileHeld = true
  private readonly cpuCount: number
  private readonly locks: SpinLocks
  private readonly holdings = new Map<number, Holding>()

  /**
   * @param words one lock word a lane, 0 when free
   * @param cpuCount a task with a hint runs on CPU `hint % cpuCount`
   * @throws {LaneMisuseError} for no lanes or no CPUs
   */
  constructor(words: Int32Array, cpuCount: number) {
    super(words.length)
    checkCpuCount(cpuCount)
    this.locks = new SpinLocks(words)
    this.cpuCount = cpuCount
  }

  override tryAcquire(hint: number): number | undefined {
    const lane = this.laneOf(hint)
    if (this.isNested(lane, hint)) return lane
    if (!this.locks.tryLock(lane)) return undefined
    this.holdings.set(lane, { owner: hint, depth: 1 })
    return lane
  }

  override *acquire(hint: number, options?: LaneWaitOptions): Sleepable<number> {
    const lane = this.laneOf(hint)
    if (options !== undefined) checkWaitOptions(options, `lane ${lane}`)
    if (this.isNested(lane, hint)) return lane
    yield* this.locks.lock(lane, options)
    this.holdings.set(lane, { owner: hint, depth: 1 })
    return lane
  }

  override release(lane: number): void {
    checkLane(lane, this.laneCount)
    const holding = this.holdings.get(lane)
    if (holding !== undefined && --holding.depth > 0) return
    this.holdings.delete(lane)
    this.locks.unlock(lane)
  }

  override heldCount(): number {
    return this.holdings.size
  }

  private isNested(lane: number, hint: number): boolean {
    const holding = this.holdings.get(lane)
    if (holding?.owner !== hint) return false
    holding.depth++
    return true
  }

  private laneOf(hint: number): number {
    checkHint(hint)
    return (hint % this.cpuCount) % this.laneCount
  }
}
