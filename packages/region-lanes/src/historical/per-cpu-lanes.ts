/**
 * What Linux did with lanes up to the fix of 2026, apart from the question of who may be preempted where.
 *
 * - As many lanes as CPUs, or more: lane = CPU, and there is no lock. To be the one task that runs on the CPU was the lock.
 * - Fewer: lane = CPU % lanes, and a count a CPU. The task that raises it from 0 takes the lane's spinlock; one that finds it
 *   above 0 believes that it is called from inside the section which holds the lock, and takes none. Whoever brings the count
 *   back to 0 drops the lock, whether it took it or not.
 *
 * Both are right only while no other task runs on the CPU from acquire to release.
 *
 * A release is told the lane but not the CPU. It is taken to be on the CPU of the task that has been in the lane longest. This can be
 * wrong only when tasks of two CPUs are in one lane at once, which is after the damage; the sums of the counts are kept.
 *
 * A wrong release is not noticed, as it was not: without locks nothing happens; with them the count of the lane's first CPU goes below
 * zero, and from then on that CPU takes lanes without a lock.
 *
 * For one thread: the counts are private to the table.
 */
import type { LaneWaitOptions, Sleepable, Wait } from '@bttkit/interfaces'
import { checkHint } from '../check-hint.ts'
import { checkWaitOptions } from '../limited-wait.ts'
import { checkCpuCount, checkLane } from './checks.ts'
import { SpinLocks } from './spin-locks.ts'
import { UnguardedLanes } from './unguarded-lanes.ts'

export abstract class PerCpuLanes extends UnguardedLanes {
  private readonly locks: SpinLocks
  private readonly counts: Int32Array
  private readonly usesLocks: boolean
  /** The CPUs of the tasks inside each lane, in the order they came in. Book-keeping of ours: the kernel had none. */
  private readonly inside: readonly number[][]
  private readonly isPreemptedBeforeLock: boolean

  /**
   * @param words one lock word a lane, 0 when free
   * @param cpuCount how many CPUs there are; a task with a hint runs on CPU `hint % cpuCount`
   * @param isPreemptedBeforeLock whether `acquire` has a preemption point between the count and the lock
   * @throws {LaneMisuseError} for no lanes or no CPUs
   */
  constructor(words: Int32Array, cpuCount: number, isPreemptedBeforeLock: boolean) {
    super(words.length)
    checkCpuCount(cpuCount)
    this.locks = new SpinLocks(words)
    this.counts = new Int32Array(cpuCount)
    this.usesLocks = words.length < cpuCount
    this.inside = Array.from(words, () => [])
    this.isPreemptedBeforeLock = isPreemptedBeforeLock
  }

  override tryAcquire(hint: number): number | undefined {
    const { cpu, lane } = this.placeOf(hint)
    if (this.usesLocks) {
      if (this.counts[cpu] === 0 && !this.locks.tryLock(lane)) return undefined
      this.count(cpu, 1)
    }
    this.inside[lane]?.push(cpu)
    return lane
  }

  override *acquire(hint: number, options?: LaneWaitOptions): Sleepable<number> {
    const { cpu, lane } = this.placeOf(hint)
    if (options !== undefined) checkWaitOptions(options, `lane ${lane}`)
    if (this.usesLocks && this.count(cpu, 1) === 1) yield* this.lock(cpu, lane, options)
    this.inside[lane]?.push(cpu)
    return lane
  }

  override release(lane: number): void {
    checkLane(lane, this.laneCount)
    const cpu = this.inside[lane]?.shift() ?? lane
    if (this.usesLocks && this.count(cpu, -1) === 0) this.locks.unlock(lane)
  }

  override heldCount(): number {
    return this.inside.filter((cpus) => cpus.length > 0).length
  }

  /** From here until the lock is taken, the count says that it is. */
  private *lock(cpu: number, lane: number, options: LaneWaitOptions | undefined): Sleepable<void> {
    let isLocked = false
    try {
      if (this.isPreemptedBeforeLock) yield preemption(lane)
      yield* this.locks.lock(lane, options)
      isLocked = true
    } finally {
      // A spinning kernel task cannot be ended. Ours can (a refused or cancelled wait), and takes its count with it.
      if (!isLocked) this.count(cpu, -1)
    }
  }

  private count(cpu: number, change: number): number {
    const count = (this.counts[cpu] ?? 0) + change
    this.counts[cpu] = count
    return count
  }

  private placeOf(hint: number): { cpu: number; lane: number } {
    checkHint(hint)
    const cpu = hint % this.counts.length
    return { cpu, lane: cpu % this.laneCount }
  }
}

/** A wait that is over already: others may run first. */
function preemption(lane: number): Wait {
  const on = { object: 'lane', kind: 'acquire', start: lane, end: lane + 1 } as const
  return Object.assign(Promise.resolve(), {
    on,
    isPreemption: true,
    ready: () => true,
    block: () => {},
  } as const)
}
