/** The moments of a workload at which the power may fail. */
import type { CrashPoint } from './explore-points.ts'
import { judge, type JudgeOptions } from './judge-device.ts'
import type { WorkloadMoment } from './workload-moments.ts'

export function* workloadPoints(
  moments: Iterable<WorkloadMoment>,
  options: JudgeOptions,
): Generator<CrashPoint> {
  for (const { operation, when, storage, obligations } of moments)
    yield {
      operation,
      when: `power failure ${when}`,
      failure: storage.cut(),
      judge: (left, onStore) => judge(left, obligations, options, onStore),
    }
}
