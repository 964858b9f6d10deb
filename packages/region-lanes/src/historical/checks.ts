import { LaneMisuseError } from '@bttkit/interfaces'

/** @throws {LaneMisuseError} for a number of CPUs that no machine has */
export function checkCpuCount(cpuCount: number): void {
  if (!Number.isSafeInteger(cpuCount) || cpuCount < 1) {
    throw new LaneMisuseError({}, `a machine has at least one CPU, not ${cpuCount}`)
  }
}

/** @throws {LaneMisuseError} for a lane outside of the table. The kernel would have used memory that is no lane: not modelled. */
export function checkLane(lane: number, laneCount: number): void {
  if (!Number.isSafeInteger(lane) || lane < 0 || lane >= laneCount) {
    throw new LaneMisuseError({}, `there is no lane ${lane}`)
  }
}
