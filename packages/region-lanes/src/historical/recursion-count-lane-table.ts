import { PerCpuLanes } from './per-cpu-lanes.ts'

/**
 * `recursion-count`: Linux 6.7 (commit 36c75ce3bd29) up to the fix of 2026.
 *
 * The table is that of Linux 6.6, but only migration is off in a section: its task stays on the CPU, and another may run there in the
 * middle of it. That one has the same lane. With enough lanes there is no lock to stop it; with fewer it finds the count above
 * zero, takes itself for a nested call, and takes no lock.
 *
 * `atomicWhileHeld` is false although there are spinlocks: it says that sections may be preempted, and that is what this model is
 * for. It is the truth where no lock is taken (lanes >= CPUs, any kernel) and where spinlocks sleep (PREEMPT_RT). On other kernels a
 * spinlock, once taken, holds preemption off, so that with fewer lanes than CPUs only the gap before the lock is left, and
 * a flush that sleeps is a "scheduling while atomic": this table does not catch that; those with `atomicWhileHeld` do.
 */
export class RecursionCountLaneTable extends PerCpuLanes {
  override readonly atomicWhileHeld = false

  /**
   * @param words one lock word a lane, 0 when free
   * @param cpuCount a task with a hint runs on CPU `hint % cpuCount`
   * @param isPreemptedBeforeLock adds a preemption point to `acquire`, between the count and the lock. That is a wait, so
   *   `runAtomic` does not go with it; nor has `tryAcquire` the point, which never waits
   * @throws {LaneMisuseError} for no lanes or no CPUs
   */
  constructor(words: Int32Array, cpuCount: number, isPreemptedBeforeLock = false) {
    super(words, cpuCount, isPreemptedBeforeLock)
  }
}
