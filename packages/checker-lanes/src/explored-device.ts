/** Operations of the real engine as a scenario: each of its parts wrapped so that whatever tasks share is a scheduling point, or told. */
import { BttEngine, type EngineParts } from '@bttkit/btt'
import {
  isBttkitError,
  type BttDevice,
  type LanePolicy,
  type PmemProvider,
  type SectorErrorError,
  type Sleepable,
} from '@bttkit/interfaces'
import { runBlocking } from '@bttkit/sleepable'
import type { Access } from './explore-access.ts'
import type { Program, Scenario, StepRecorder } from './explore-scenario.ts'
import { MOST_TASKS } from './explore-schedule.ts'
import { HISTORY } from './explored-accesses.ts'
import { SECTOR_BYTES, initialFill, type ExploredImage } from './explored-image.ts'
import { ExploredLanes, ExploredLocks } from './explored-lanes.ts'
import { ExploredProvider } from './explored-provider.ts'
import { ExploredReadTracking } from './explored-read-tracking.ts'
import {
  describeSector,
  isExplained,
  reading,
  sectorParts,
  writing,
  type SectorOperation,
} from './explored-sectors.ts'

/** One operation on a range of bytes. */
export interface DeviceOperation {
  readonly kind: 'write' | 'zero' | 'read'
  readonly offset: number
  readonly length: number
  /** For a write: from 1 to 7, a number of its own. Its sectors are filled with `writtenFill`. */
  readonly fill?: number | undefined
  /** For a read: it may find that the sector is lost, on storage that has bad blocks. Then it has read nothing. */
  readonly mayBeLost?: boolean | undefined
}

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
  /** Called for each run. */
  makeParts(): ExploredParts
}

/** What a write fills a sector with: it tells the write and, among neighbours, the sector. Never what was there at the start. */
function writtenFill({ fill = 0 }: DeviceOperation, lba: number): number {
  return (fill << 4) | (lba & 0xf)
}

function sourceOf(operation: DeviceOperation): Uint8Array {
  const source = new Uint8Array(operation.length)
  for (const { lba, from, to, at } of sectorParts(operation.offset, operation.length))
    source.fill(writtenFill(operation, lba), at, at + to - from)
  return source
}

/** An operation in a run: when it was under way, by the run's clock, and what it read. */
interface OperationRun {
  readonly operation: DeviceOperation
  readonly target: Uint8Array
  start: number
  end: number
  /** Whether it has found its sector lost. */
  isLost: boolean
}

function drive({ sleepable }: BttDevice, { operation, target }: OperationRun): Sleepable<void> {
  const { kind, offset, length } = operation
  if (kind === 'read') return sleepable.readBytes(offset, target)
  if (kind === 'zero') return sleepable.zeroBytes(offset, length)
  return sleepable.writeBytes(offset, sourceOf(operation))
}

/** Counts the starts and ends of a run's operations. Not its steps: a task can end one operation and start the next in a single step. */
class Clock {
  private now = 0

  tick(): number {
    return ++this.now
  }
}

function isLoss({ operation }: OperationRun, error: unknown): boolean {
  const lost: SectorErrorError['code'] = 'BTT_SECTOR_ERROR'
  return operation.mayBeLost === true && isBttkitError(error) && error.code === lost
}

/** That an operation of a task starts (`read`) or ends (`write`), for each of its sectors. */
function historyAccesses(
  { offset, length }: DeviceOperation,
  kind: 'read' | 'write',
  task: number,
): Access[] {
  return sectorParts(offset, length).map(({ lba }) => {
    const start = lba * MOST_TASKS
    return kind === 'read'
      ? { object: HISTORY, kind, start, end: start + MOST_TASKS }
      : { object: HISTORY, kind, start: start + task, end: start + task + 1 }
  })
}

/**
 * The operations of a task, with their times. In the end it is looked at which operation on a sector had ended when another one started, so the steps in which
 * they do depend on each other.
 */
function* inTurn(
  recorder: StepRecorder,
  clock: Clock,
  device: BttDevice,
  runs: readonly OperationRun[],
): Sleepable<void> {
  const { task } = recorder
  for (const run of runs) {
    run.start = clock.tick()
    for (const access of historyAccesses(run.operation, 'read', task)) recorder.touch(access)
    try {
      yield* drive(device, run)
    } catch (error) {
      if (!isLoss(run, error)) throw error
      run.isLost = true
    }
    run.end = clock.tick()
    for (const access of historyAccesses(run.operation, 'write', task)) recorder.touch(access)
  }
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
  let mapLocks: ExploredLocks | undefined
  let readTracking: ExploredReadTracking | undefined
  const engine = new BttEngine({
    laneTable: (words, tableOptions) =>
      new ExploredLanes(parts.laneTable(words, tableOptions), recorder, options.hints ?? []),
    lockTable: (words, thread) => (mapLocks = new ExploredLocks(parts.lockTable(words, thread), recorder)),
    readTracking: (words, thread) =>
      (readTracking = new ExploredReadTracking(parts.readTracking(words, thread), recorder)),
  })
  const provider = new ExploredProvider(parts.storage?.(image.memory) ?? image.memory)
  const { laneCount, lanePolicy } = options
  const { namespaceOffset } = image
  const device = runBlocking(
    engine.attach(provider, { namespaceOffset, laneCount, lanePolicy, allowUnsafeLanes: true }),
  )
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

/** What the operations did to each sector that they touched. */
function sectorHistories(runs: readonly OperationRun[]): Map<number, SectorOperation[]> {
  const histories = new Map<number, SectorOperation[]>()
  for (const { operation, target, start, end, isLost } of runs) {
    if (isLost) continue
    for (const part of sectorParts(operation.offset, operation.length)) {
      const fill = operation.kind === 'zero' ? 0 : writtenFill(operation, part.lba)
      const apply = operation.kind === 'read' ? reading(part, target) : writing(part, fill)
      const history = histories.get(part.lba) ?? []
      history.push({ start, end, apply })
      histories.set(part.lba, history)
    }
  }
  return histories
}

function contentProblem(device: BttDevice, runs: readonly OperationRun[], now: number): string | undefined {
  for (const [lba, history] of sectorHistories(runs)) {
    const final = new Uint8Array(SECTOR_BYTES)
    runBlocking(device.sleepable.read(lba, final))
    const whole = { lba, from: 0, to: SECTOR_BYTES, at: 0 }
    const last = { start: now, end: now, apply: reading(whole, final) }
    const initial = new Uint8Array(SECTOR_BYTES).fill(initialFill(lba))
    if (isExplained(initial, [...history, last])) continue
    const reads = runs.filter(({ operation }) => operation.kind === 'read')
    const seen = reads.map(({ target }) => `${describeSector(target)} was read`)
    return `no order of the operations explains LBA ${lba}: ${[...seen, `${describeSector(final)} is there now`].join(', ')}`
  }
  return undefined
}

function startOf(operation: DeviceOperation): OperationRun {
  return { operation, target: new Uint8Array(operation.length), start: 0, end: 0, isLost: false }
}

/**
 * Tasks on a device. In the end no lane, map lock or read-tracking entry is in use, each block has one holder, and each sector was written and read as if one operation came after the
 * other.
 *
 * What operations share beyond the wrapped parts is either owned with the lane, or only counted (statistics, the gate), or changed by failures, which are findings.
 */
export function deviceScenario(image: ExploredImage, options: DeviceScenarioOptions): Scenario {
  const { name, tasks } = options
  const make = (recorder: StepRecorder): Program => {
    const explored = attach(image, recorder, options)
    const { device } = explored
    const clock = new Clock()
    const runs = tasks.map((operations) => operations.map(startOf))
    return {
      tasks: runs.map((ofTask) => ({
        name: ofTask.map(({ operation }) => operation.kind).join(' + '),
        operation: inTurn(recorder, clock, device, ofTask),
      })),
      check: () =>
        leftBehind(explored) ?? image.bijectionProblem() ?? contentProblem(device, runs.flat(), clock.tick()),
      dispose: () => image.memory.rollBack(),
    }
  }
  return { name, make }
}
