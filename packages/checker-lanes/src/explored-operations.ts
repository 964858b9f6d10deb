/** Operations of a run on a device: how they are driven, and whether what came of them is explained. */
import { isBttkitError, type BttDevice, type SectorErrorError, type Sleepable } from '@bttkit/interfaces'
import { runBlocking } from '@bttkit/sleepable'
import type { Access } from './explore-access.ts'
import type { StepRecorder } from './explore-scenario.ts'
import { MOST_TASKS } from './explore-schedule.ts'
import { HISTORY } from './explored-accesses.ts'
import { SECTOR_BYTES, initialFill } from './explored-image.ts'
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
  /**
   * It may fail, on storage whose calls do; then it has happened, or not. A failure stops others, and no step tells of that: such programs are for the strategy `bounded`, which leaves
   * nothing out for being equivalent.
   */
  readonly mayFail?: boolean | undefined
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
export interface OperationRun {
  readonly operation: DeviceOperation
  readonly target: Uint8Array
  /** Infinity: it has not started. */
  start: number
  /** Infinity: it has not ended. */
  end: number
  /** Whether it has found its sector lost. */
  isLost: boolean
  /** Then it has no end. */
  hasFailed: boolean
}

function drive({ sleepable }: BttDevice, { operation, target }: OperationRun): Sleepable<void> {
  const { kind, offset, length } = operation
  if (kind === 'read') return sleepable.readBytes(offset, target)
  if (kind === 'zero') return sleepable.zeroBytes(offset, length)
  return sleepable.writeBytes(offset, sourceOf(operation))
}

/** Tells the time of the starts and ends of a run's operations. */
export interface Clock {
  tick(): number
}

/** Counts them. Not steps: a task can end one operation and start the next in a single step. */
export class CountingClock implements Clock {
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
export function* inTurn(
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
      run.isLost = isLoss(run, error)
      run.hasFailed = !run.isLost && run.operation.mayFail === true && isBttkitError(error)
      if (run.hasFailed) continue
      if (!run.isLost) throw error
    }
    run.end = clock.tick()
    for (const access of historyAccesses(run.operation, 'write', task)) recorder.touch(access)
  }
}

/** What the operations did to each sector that they touched. */
function sectorHistories(runs: readonly OperationRun[]): Map<number, SectorOperation[]> {
  const histories = new Map<number, SectorOperation[]>()
  for (const { operation, target, start, end, isLost } of runs) {
    if (isLost || start === Infinity) continue
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

/** What no order of the operations explains, of what was read and what is there now. */
export function contentProblem(
  device: BttDevice,
  runs: readonly OperationRun[],
  now: number,
): string | undefined {
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

/** An operation before its start. */
export function runOf(operation: DeviceOperation): OperationRun {
  return {
    operation,
    target: new Uint8Array(operation.length),
    start: Infinity,
    end: Infinity,
    isLost: false,
    hasFailed: false,
  }
}
