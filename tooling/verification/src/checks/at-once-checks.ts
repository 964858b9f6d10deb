/** Operations that are done at once: power failures, failing storage, and another thread between any two of their calls. */
import { checkCrashes, type CrashCheckOptions, type CrashOperation } from '@bttkit/checker-crash'
import { subjectAtOnce } from './at-once-engine.ts'
import { BESIDE_ANOTHER_THREAD } from './at-once-beside-check.ts'
import { OVER_A_READER } from './at-once-reader-check.ts'
import { runAll, runCases, type Check } from './check.ts'
import { LIMIT, MODELS, ONE_SECTOR, crashVerdict } from './crash-checks.ts'
import { smallImage, withLostSectors } from './images.ts'
import { FAULTS, failEach } from './one-failing-call-check.ts'
import type { Subject } from '../subject.ts'

type Workload = Omit<CrashCheckOptions, 'engine' | 'limit'>

/** Each in the lanes of the one before, and in another line of the map. */
const BATCHES: readonly CrashOperation[] = [33, 80, 34].map((lba, value) => ({
  kind: 'write',
  lba,
  count: 3,
  value,
}))

/** Few of each; the long run has more. */
function* workloads({ engine }: Subject): Generator<Workload> {
  const image = smallImage(engine)
  for (const model of MODELS) yield { image, model, workload: ONE_SECTOR.slice(0, 3) }
  yield { image, model: 'px86', workload: ONE_SECTOR.slice(0, 2), writesThrough: true }
  const withMetadata: CrashOperation[] = [33, 34, 33].map((lba, value) => ({
    kind: 'write',
    lba,
    count: 1,
    value,
  }))
  yield { image: smallImage(engine, 520), model: 'px86-non-temporal', workload: withMetadata }
  yield { image: withLostSectors(engine, image, [33, 34]), model: 'px86', workload: withMetadata }
  yield {
    image: smallImage(engine, 512, { nfree: 3 }),
    model: 'px86-non-temporal',
    workload: BATCHES,
  }
}

const crashes: Check = {
  name: 'writes at once',
  checker: 'crashes',
  run: (subject) => {
    const { engine } = subjectAtOnce(subject)
    return runAll(
      [...workloads(subject)].map(
        (workload) => () =>
          crashVerdict(
            `writes at once, ${workload.model}`,
            checkCrashes({ ...workload, engine, limit: LIMIT }),
          ),
      ),
    )
  },
}

function* failures(subject: Subject): Generator<() => string | undefined> {
  const image = smallImage(subject.engine)
  const given = subjectAtOnce(subject)
  for (const writesThrough of [false, true])
    for (const fault of FAULTS) yield* failEach(given, { image, model: 'px86', fault, writesThrough })
}

const failing: Check = {
  name: 'one failing call at once',
  checker: 'failing storage',
  run: (subject) => runCases(failures(subject)),
}

export const AT_ONCE_CHECKS: readonly Check[] = [crashes, failing, BESIDE_ANOTHER_THREAD, OVER_A_READER]
