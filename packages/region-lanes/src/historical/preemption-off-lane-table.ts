import { PerCpuLanes } from './per-cpu-lanes.ts'

/**
 * `spinlock-preemption-off`: Linux up to 6.6.
 *
 * The kernel switched preemption off before it read the CPU number, and on again at the release: no other task ran on the CPU in
 * between, and so a count (or, with enough lanes, nothing at all) was enough. A table cannot switch preemption off. It says
 * `atomicWhileHeld`, and who keeps to it (no wait from acquire to release) has a table that is right. Who waits in the section all
 * the same gets what Linux 6.7 got.
 */
export class PreemptionOffLaneTable extends PerCpuLanes {
  override readonly atomicWhileHeld = true

  /**
   * @param words one lock word a lane, 0 when free
   * @param cpuCount a task with a hint runs on CPU `hint % cpuCount`
   * @throws {LaneMisuseError} for no lanes or no CPUs
   */
  constructor(words: Int32Array, cpuCount: number) {
    super(words, cpuCount, false)
  }
}
