/** Workloads of which all crash states are judged: the long run over the engine as it is. */
import { checkCrashes, type CrashOperation } from '@bttkit/checker-crash'
import { POWER_FAIL_MODELS, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { subjectAtOnce } from './checks/at-once-engine.ts'
import { AFTER_BATCHES, batchOperations } from './checks/batch-checks.ts'
import { AFTERWARDS, crashVerdict, everyKind } from './checks/crash-checks.ts'
import { smallImage, withInterruptedWrite, withLostSectors } from './checks/images.ts'
import { longCreations } from './long-creations.ts'
import type { Subject } from './subject.ts'

export interface WorkloadReport {
  readonly name: string
  /** States that were run. */
  readonly classes: number
  /** States that they stand for. */
  readonly states: bigint
  readonly isExhaustive: boolean
  /** Whether there are too many states for all to be run. Default false. */
  readonly isSampled?: boolean
  readonly problem?: string | undefined
  /** Of the problem: for `replayCrash`. */
  readonly replay?: unknown
}

const LBASIZES = [512, 520, 528, 4096, 4104, 4160, 4224]
const MODELS = POWER_FAIL_MODELS.filter((model) => model !== 'strict')

/** A workload is one after the other of these. */
const RANDOM_WORKLOADS = 40
const MOST_OPERATIONS = 4
const MANY_OPERATIONS = 1000

/** Numbers from 0 to below 1; a seed makes them the same again. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const FIRST_LBA = 30
const SECTORS = 6

/** Operations on a few neighbouring sectors, parts of them among them. */
function randomOperations(seed: number, count: number, sectorSize: number): CrashOperation[] {
  const random = randomFrom(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  return Array.from({ length: count }, (): CrashOperation => {
    const [first, value] = [below(SECTORS), below(256)]
    const range = { lba: FIRST_LBA + first, count: 1 + below(Math.min(3, SECTORS - first)) }
    const start = below(SECTORS * sectorSize)
    const bytes = {
      offset: FIRST_LBA * sectorSize + start,
      length: 1 + below(Math.min(3 * sectorSize, SECTORS * sectorSize - start)),
    }
    const kinds: CrashOperation[] = [
      { kind: 'write', ...range, value },
      { kind: 'zero', ...range },
      { kind: 'write-bytes', ...bytes, value },
      { kind: 'zero-bytes', ...bytes },
    ]
    return kinds[below(kinds.length)] ?? { kind: 'flush' }
  })
}

interface Workload {
  readonly name: string
  readonly image: Uint8Array
  readonly model: PowerFailModel
  readonly workload: readonly CrashOperation[]
  readonly duringRecovery?: boolean
  readonly afterDeath?: boolean
  readonly writesThrough?: boolean
  readonly operationsAfterwards?: readonly CrashOperation[]
}

function* workloads({ engine }: Subject): Generator<Workload> {
  for (const lbasize of LBASIZES) {
    const image = smallImage(engine, lbasize)
    const sectorSize = lbasize < 4096 ? 512 : 4096
    const workload = everyKind(sectorSize)
    const given = { image, workload, operationsAfterwards: AFTERWARDS }
    for (const model of MODELS) {
      const name = `sectors of ${lbasize} bytes, ${model}`
      yield { ...given, name, model, duringRecovery: true }
      yield { ...given, name: `${name}, death of the process first`, model, afterDeath: true }
      yield { ...given, name: `${name}, writes through`, model, writesThrough: true }
    }
  }
  const image = smallImage(engine, 520)
  for (const model of MODELS) {
    for (let seed = 1; seed <= RANDOM_WORKLOADS; seed++)
      yield {
        name: `random workload ${seed}, ${model}`,
        image,
        model,
        workload: randomOperations(seed, 1 + (seed % MOST_OPERATIONS), 512),
        operationsAfterwards: randomOperations(seed + RANDOM_WORKLOADS, MOST_OPERATIONS, 512),
        duringRecovery: true,
      }
    const write: CrashOperation = { kind: 'write', lba: 33, count: 1, value: 1 }
    const afterwards = randomOperations(1, MANY_OPERATIONS, 512)
    yield {
      name: `${MANY_OPERATIONS} operations afterwards, ${model}`,
      image,
      model,
      workload: [write],
      operationsAfterwards: afterwards,
    }
    const batches = {
      image: smallImage(engine, 520, { nfree: 4 }),
      model,
      workload: batchOperations(512),
      operationsAfterwards: AFTER_BATCHES,
    }
    yield { ...batches, name: `batches, ${model}`, duringRecovery: true }
    yield { ...batches, name: `batches, ${model}, death of the process first`, afterDeath: true }
    const lost = withLostSectors(engine, withInterruptedWrite(engine, image, 0), [33, 35])
    yield {
      name: `lost sectors, after a recovery, ${model}`,
      image: lost,
      model,
      workload: [write, { ...write, lba: 35 }],
      duringRecovery: true,
    }
  }
}

function judge({ engine }: Subject, { name, ...workload }: Workload): WorkloadReport {
  const { problem, runs, states, isComplete, replay } = crashVerdict(
    name,
    checkCrashes({ engine, ...workload }),
  )
  return { name, classes: runs, states, isExhaustive: isComplete, problem, replay }
}

export function* longCrashes(subject: Subject): Generator<WorkloadReport> {
  const atOnce = subjectAtOnce(subject)
  for (const workload of workloads(subject)) {
    yield judge(subject, workload)
    yield judge(atOnce, { ...workload, name: `${workload.name}, at once` })
  }
  yield* longCreations(subject)
}
