/** Operations of the real engine as a scenario: each of its parts wrapped so that whatever tasks share is a scheduling point, or told. */
import { BttEngine, type EngineParts } from '@bttkit/btt'
import type { BttDevice, LanePolicy, PmemProvider } from '@bttkit/interfaces'
import { runBlocking } from '@bttkit/sleepable'
import type { Program, Scenario, StepRecorder } from './explore-scenario.ts'
import { tellingAtomics, type ExploredCache } from './explored-cache.ts'
import { SECTOR_BYTES, type ExploredImage } from './explored-image.ts'
import { ExploredLanes, ExploredLocks } from './explored-lanes.ts'
import { CountingClock, contentProblem, inTurn, runOf, type DeviceOperation } from './explored-operations.ts'
import { ExploredProvider } from './explored-provider.ts'
import { ExploredReadTracking } from './explored-read-tracking.ts'

/** What the engine is composed of, in one run. */
export interface ExploredParts extends EngineParts {
  /** The storage that the engine shall see in place of the memory. Default: the memory. */
  storage?(memory: PmemProvider): PmemProvider
}

export interface DeviceScenarioOptions {
  readonly name: string
  /** What each task does, one operation after the other. */
  readonly tasks: readonly (readonly DeviceOperation[])[]
  readonly laneCount: number
  /** Default: `first-idle`. */
  readonly lanePolicy?: LanePolicy | undefined
  /** The lane hint of each task. Default: 0 for all. */
  readonly hints?: readonly number[] | undefined
  /** Default: none. */
  readonly cache?: ExploredCache | undefined
  /** Called for each run. */
  makeParts(): ExploredParts
}

/** The device of a run, and what it is composed of. An explored image has one arena. */
interface ExploredDevice {
  readonly device: BttDevice
  readonly mapLocks: ExploredLocks | undefined
  readonly readTracking: ExploredReadTracking | undefined
}

function attach(
  image: ExploredImage,
  recorder: StepRecorder,
  options: DeviceScenarioOptions,
): ExploredDevice {
  const parts = options.makeParts()
  const { laneCount, lanePolicy, cache } = options
  let mapLocks: ExploredLocks | undefined
  let readTracking: ExploredReadTracking | undefined
  const engine = new BttEngine({
    laneTable: (words, tableOptions) =>
      new ExploredLanes(parts.laneTable(words, tableOptions), recorder, options.hints ?? []),
    lockTable: (words, thread) =>
      (mapLocks = new ExploredLocks(parts.lockTable(words, thread), recorder, cache?.triesLocks)),
    readTracking: (words, thread) =>
      (readTracking = new ExploredReadTracking(parts.readTracking(words, thread), recorder)),
    atomics: cache && tellingAtomics(recorder),
  })
  const provider = new ExploredProvider(parts.storage?.(image.memory) ?? image.memory)
  const { namespaceOffset, zeroing } = image
  const device = runBlocking(
    engine.attach(provider, {
      namespaceOffset,
      laneCount,
      lanePolicy,
      zeroing,
      allowUnsafeLanes: true,
      mapCacheBytes: cache?.bytes ?? 0,
    }),
  )
  for (const lba of cache?.warm ?? []) runBlocking(device.sleepable.read(lba, new Uint8Array(SECTOR_BYTES)))
  return { device, mapLocks, readTracking }
}

/** What operations that have all ended still have. */
function leftBehind({ device, mapLocks, readTracking }: ExploredDevice): string | undefined {
  const { lanesInUse } = device.statistics()
  if (lanesInUse !== 0) return `${lanesInUse} lanes are in use after the last operation`
  const lock = mapLocks?.heldLock()
  if (lock !== undefined) return `map lock ${lock} is held after the last operation`
  return readTracking?.anyRead() === true
    ? 'a block is in the read tracking after the last operation'
    : undefined
}

/** The device after a failure: its storage works again. */
function attachAgain({ memory, namespaceOffset }: ExploredImage, options: DeviceScenarioOptions): BttDevice {
  const engine = new BttEngine(options.makeParts())
  return runBlocking(engine.attach(memory, { namespaceOffset, allowUnsafeLanes: true }))
}

/**
 * Tasks on a device. In the end no lane, map lock or read-tracking entry is in use, each block has one holder, and each sector was written and read as if one operation came after the
 * other. Where one has failed, the image is attached again before it is judged.
 *
 * What operations share beyond the wrapped parts is either owned with the lane, or only counted (statistics, the gate), or changed by failures: these are findings, but of an operation that `mayFail`.
 */
export function deviceScenario(image: ExploredImage, options: DeviceScenarioOptions): Scenario {
  const { name, tasks } = options
  const make = (recorder: StepRecorder): Program => {
    const explored = attach(image, recorder, options)
    const { device } = explored
    const clock = new CountingClock()
    const runs = tasks.map((operations) => operations.map(runOf))
    return {
      tasks: runs.map((ofTask) => ({
        name: ofTask.map(({ operation }) => operation.kind).join(' + '),
        operation: inTurn(recorder, clock, device, ofTask),
      })),
      check: () => {
        const left = leftBehind(explored)
        if (left !== undefined) return left
        const hasFailed = runs.flat().some((run) => run.hasFailed)
        const judged = hasFailed ? attachAgain(image, options) : device
        return image.bijectionProblem() ?? contentProblem(judged, runs.flat(), clock.tick())
      },
      dispose: () => image.memory.rollBack(),
    }
  }
  return { name, make }
}
