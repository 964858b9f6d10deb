/** A write-back cache before the engine: power failures in a workload, and under operations that overlap. */
import { checkCrashes, checkWriteBack, type CrashOperation } from '@bttkit/checker-crash'
import type { PowerFailModel } from '@bttkit/pmem-power-fail'
import { runAll, type Check } from './check.ts'
import { crashVerdict, everyKind } from './crash-checks.ts'
import { smallImage } from './images.ts'

/** Classes for each point, of which a bug may make more than anybody can run. */
const LIMIT = 300
const MODELS: readonly PowerFailModel[] = ['px86', 'buffered']
/** Of memory: for one sector, and for a few, so that some commits come because there is no room. */
const LIMITS = [
  { model: 'px86', limitBytes: 1 },
  { model: 'buffered', limitBytes: 2000 },
] as const

/** What was written twice before it is flushed, and what was written and is flushed by a later flush. */
const WORKLOAD: readonly CrashOperation[] = [
  ...everyKind(512),
  { kind: 'write', lba: 33, count: 2, value: 5 },
  { kind: 'write', lba: 34, count: 1, value: 6 },
  { kind: 'flush' },
]

const inTurn: Check = {
  name: 'operations before a write-back cache',
  checker: 'crashes',
  run: ({ engine }) =>
    runAll(
      LIMITS.map(({ model, limitBytes }) => () => {
        const options = { engine, image: smallImage(engine), model, workload: WORKLOAD, limit: LIMIT }
        const result = checkCrashes({ ...options, writeBack: { limitBytes } })
        return crashVerdict(`write-back in ${limitBytes} bytes, ${model}`, result)
      }),
    ),
}

const RUNS = 100

const overlapping: Check = {
  name: 'operations that overlap before a write-back cache',
  checker: 'crashes',
  run: ({ engine }) =>
    runAll(
      MODELS.map((model) => async () => {
        const image = smallImage(engine, 512, { nfree: 4 })
        const { problem, runs, states, seed } = await checkWriteBack({ engine, image, model, runs: RUNS })
        const replay = problem === undefined ? undefined : { model, seed }
        return { problem, runs: states, states: BigInt(states), isComplete: runs === RUNS, replay }
      }),
    ),
}

export const WRITE_BACK_CHECKS: readonly Check[] = [inTurn, overlapping]
