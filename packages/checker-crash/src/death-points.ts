/**
 * The process dies first, and the power fails later: while the next process recovers.
 *
 * What the dead process stored can still be read, durable or not. A recovery that builds on it as if it were durable is right until the power
 * fails, and no cut of the dead process's own stores finds that.
 */
import type { PowerFailure } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import { CutStorage } from './cut-storage.ts'
import type { CrashPoint } from './explore-points.ts'
import { judge, type JudgeOptions } from './judge-device.ts'
import type { WorkloadMoment } from './workload-moments.ts'

export function* deathPoints(
  moments: Iterable<WorkloadMoment>,
  options: JudgeOptions,
): Generator<CrashPoint> {
  for (const { operation, when, storage, obligations } of moments) {
    const failures: { what: string; failure: PowerFailure }[] = []
    const keep = (what: string): void => void failures.push({ what: `the ${what}`, failure: storage.cut() })
    runAtomic(options.engine.attach(new CutStorage(storage, keep)))
    failures.push({ what: 'all of it', failure: storage.cut() })
    for (const { what, failure } of failures)
      yield {
        operation,
        when: `death of the process ${when}, and power failure in the recovery from that, after ${what}`,
        failure,
        judge: (left, onStore) => judge(left, obligations, options, onStore),
      }
  }
}
