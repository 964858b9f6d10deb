/** Runs a workload once, and keeps each moment at which something may stop it. */
import type { BttDevice } from '@bttkit/interfaces'
import type { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import { WriteBackDevice } from '@bttkit/write-back'
import { describeOperation, perform, sectorsOf, type CrashOperation } from './crash-operation.ts'
import { CutStorage } from './cut-storage.ts'
import { ExpectedSectors } from './expected-sectors.ts'
import type { JudgeOptions, Obligations } from './judge-device.ts'
import { WorkloadDuties } from './workload-duties.ts'

/** After a store of an operation, or at the end of one. */
export interface WorkloadMoment {
  /** The number of the operation. */
  readonly operation: number
  /** For people. */
  readonly when: string
  /** As it was at that moment; what becomes of it concerns nobody else. */
  readonly storage: PowerFailMemory
  readonly obligations: Obligations
}

export interface WorkloadOptions extends JudgeOptions {
  readonly writesThrough: boolean
  readonly writeBack: WriteBackMemory | undefined
}

/** A write-back cache before the device of the workload. */
export interface WriteBackMemory {
  /** Bytes of its memory. It commits when that is taken, and at a flush. */
  readonly limitBytes: number
}

/** No time passes in a workload. */
const NEVER_MS = 2 ** 31 - 1

/** The sectors that the operations change, and their neighbours: who writes beside them is found as well. */
function watchedSectors(operations: readonly CrashOperation[], device: BttDevice): number[] {
  const lbas = new Set<number>()
  for (const operation of operations)
    for (const lba of sectorsOf(operation, device)) for (const near of [lba - 1, lba, lba + 1]) lbas.add(near)
  return [...lbas].filter((lba) => lba >= 0 && lba < device.sectorCount).toSorted((a, b) => a - b)
}

/** Attaches the image, performs the workload on it, one operation after another, and yields the moments in their order. */
export function* workloadMoments(
  memory: PowerFailMemory,
  workload: readonly CrashOperation[],
  options: WorkloadOptions,
): Generator<WorkloadMoment> {
  let stores: { what: string; storage: PowerFailMemory }[] = []
  const keep = (what: string): void => void stores.push({ what, storage: memory.copy() })
  const { engine, writesThrough, writeBack } = options
  const attached = runAtomic(engine.attach(new CutStorage(memory, keep, writesThrough)))
  const device =
    writeBack === undefined
      ? attached
      : new WriteBackDevice(attached, { ...writeBack, limitMs: NEVER_MS, blocking: true })
  const watched = watchedSectors([...workload, ...options.operationsAfterwards], attached)
  const duties = new WorkloadDuties(writeBack !== undefined, ExpectedSectors.of(attached, watched))
  for (const [operation, request] of workload.entries()) {
    const obligations = duties.during(request)
    stores = []
    runAtomic(perform(device, request))
    const where = `operation ${operation} (${describeOperation(request)})`
    for (const { what, storage } of stores)
      yield { operation, when: `in ${where}, after the ${what}`, storage, obligations }
    yield {
      operation,
      when: `at the end of ${where}`,
      storage: memory.copy(),
      obligations: duties.after(request),
    }
  }
}
