import type { LaneTable, LaneWaitOptions, Sleepable } from '@bttkit/interfaces'
import { checkHint } from '../check-hint.ts'
import { MutexLaneTable } from '../mutex-lane-table.ts'
import { checkCpuCount } from './checks.ts'

/**
 * `spinlock-bh`: version 2 of the fix, proposed in April 2026 and not merged.
 *
 * A spinlock a lane, taken unconditionally, with softirqs off: nobody can be in a lane with somebody else. But the lane is held over
 * the flush, and there are flushes that sleep (virtio-pmem waits for its host). So `atomicWhileHeld` is true, and the engine must
 * catch whoever sleeps while holding; that is the only difference to a mutex whose lane is that of the CPU.
 *
 * A wrong release throws `LaneMisuseError`, as a kernel with lock debugging would report it: exclusion is sound here, so nothing is to be
 * reproduced by letting it pass. Turns and quarantine, which the kernel did not have, are those of the mutex table for the same reason.
 */
export class SpinlockBhLaneTable implements LaneTable {
  readonly laneCount: number
  readonly atomicWhileHeld = true
  readonly isExclusive = true
  private readonly cpuCount: number
  private readonly lanes: MutexLaneTable

  /**
   * @param words one lock word a lane, 0 when free
   * @param cpuCount a task with a hint runs on CPU `hint % cpuCount`
   * @throws {LaneMisuseError} for no lanes or no CPUs
   */
  constructor(words: Int32Array, cpuCount: number) {
    checkCpuCount(cpuCount)
    this.lanes = new MutexLaneTable(words, 'static')
    this.laneCount = words.length
    this.cpuCount = cpuCount
  }

  tryAcquire(hint: number): number | undefined {
    return this.lanes.tryAcquire(this.cpuOf(hint))
  }

  *acquire(hint: number, options?: LaneWaitOptions): Sleepable<number> {
    return yield* this.lanes.acquire(this.cpuOf(hint), options)
  }

  turnOf(lane: number): number {
    return this.lanes.turnOf(lane)
  }

  release(lane: number, turn?: number): void {
    this.lanes.release(lane, turn)
  }

  quarantine(lane: number, turn?: number): void {
    this.lanes.quarantine(lane, turn)
  }

  restore(lane: number): void {
    this.lanes.restore(lane)
  }

  heldCount(): number {
    return this.lanes.heldCount()
  }

  private cpuOf(hint: number): number {
    checkHint(hint)
    return hint % this.cpuCount
  }
}
