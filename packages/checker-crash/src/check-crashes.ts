import type { Engine } from '@bttkit/interfaces'
import { PowerFailMemory, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import { ImageJudge } from './image-judge.ts'
import type { CrashOperation } from './crash-operation.ts'
import {
  explorePoints,
  replayPoint,
  type CrashCheckResult,
  type CrashPoint,
  type CrashState,
  type ExplorePointsOptions,
} from './explore-points.ts'
import { deathPoints } from './death-points.ts'
import { workloadMoments, type WriteBackMemory } from './workload-moments.ts'
import { workloadPoints } from './workload-points.ts'

export interface CrashCheckOptions extends ExplorePointsOptions {
  readonly engine: Engine
  /** Bytes with a BTT. They are not changed. */
  readonly image: Uint8Array
  readonly model: PowerFailModel
  /** One operation after another. Each is durable when it is over; with `writeBack`, when a flush after it is. */
  readonly workload: readonly CrashOperation[]
  /** Done after each recovery, and read back. Default: none. */
  readonly operationsAfterwards?: readonly CrashOperation[] | undefined
  /** Whether the storage of the workload has `writeThrough`. Default false. */
  readonly writesThrough?: boolean | undefined
  /** Puts a write-back cache before the device of the workload. Default: none. */
  readonly writeBack?: WriteBackMemory | undefined
  /** Whether the process of the workload dies first, and the power fails only in the recovery from that. Default false. */
  readonly afterDeath?: boolean | undefined
}

function pointsOf(options: CrashCheckOptions): Iterable<CrashPoint> {
  const {
    engine,
    image,
    model,
    workload,
    operationsAfterwards = [],
    writesThrough = false,
    writeBack,
  } = options
  const memory = new PowerFailMemory({ media: image, model })
  const { info } = runAtomic(engine.attach(memory.copy(), { readOnly: true }))
  const judgeOptions = { engine, operationsAfterwards, images: new ImageJudge(), info }
  const moments = workloadMoments(memory, workload, { ...judgeOptions, writesThrough, writeBack })
  return (options.afterDeath === true ? deathPoints : workloadPoints)(moments, judgeOptions)
}

/**
 * Cuts the power after each store of a workload and at the end of each of its operations, and judges every state that may be left then.
 *
 * ```ts
 * const { violations, states } = checkCrashes({
 *   engine,
 *   image,
 *   model: 'px86',
 *   workload: [{ kind: 'write', lba: 3, count: 1, value: 7 }],
 *   duringRecovery: true,
 * })
 * ```
 */
export function checkCrashes(options: CrashCheckOptions): CrashCheckResult {
  return explorePoints(pointsOf(options), options)
}

/**
 * What is wrong in one state: that of a violation, with the options under which it was found. `undefined` where nothing is.
 *
 * @throws {TypeError} for a state that these options do not lead to
 */
export function replayCrash(options: CrashCheckOptions, state: CrashState): string | undefined {
  return replayPoint(pointsOf(options), state)
}
