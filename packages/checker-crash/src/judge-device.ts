/**
 * What must be true of what a power failure has left:
 *
 * 1. The checker of images calls it clean or recoverable, and it can be attached.
 * 2. Each sector is one complete version: what was acknowledged, or, where an operation was under way, what that one makes of it. Before a write-back cache only a flush acknowledges; then it may
 *    also be what any operation since has made of it.
 * 3. Every internal block has one sector, or is free in one lane, and the checker of images calls it clean.
 * 4. Attaching once more stores nothing.
 * 5. Operations go on as if nothing had been, and the third is true after them as well.
 *
 * Each judge answers with a sentence, or `undefined` where it finds nothing.
 */
import type { BttDevice, BttInfo, Engine } from '@bttkit/interfaces'
import type { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import type { ImageJudge } from './image-judge.ts'
import { describeOperation, perform, type CrashOperation } from './crash-operation.ts'
import { CutStorage } from './cut-storage.ts'
import { ExpectedSectors, readSector } from './expected-sectors.ts'

/** What the sectors may be: what was acknowledged, and what an operation under way makes of it. */
export interface Obligations {
  readonly acknowledged: ExpectedSectors
  /** The same where no operation is under way. */
  readonly underWay: ExpectedSectors
  /** After each operation that was over and that nothing has made durable yet. Default: none. */
  readonly gathered?: readonly ExpectedSectors[] | undefined
}

export interface JudgeOptions {
  readonly engine: Engine
  /** To be done at the end, and read back. */
  readonly operationsAfterwards: readonly CrashOperation[]
  readonly images: ImageJudge
  /** Where the BTT is, and its layout. */
  readonly info: BttInfo
}

/** -1 where there is none. */
function firstDifference(found: Uint8Array, expected: Uint8Array): number {
  if (Buffer.compare(found, expected) === 0) return -1
  const [longer, other] = found.length < expected.length ? [expected, found] : [found, expected]
  return longer.findIndex((byte, index) => byte !== other[index])
}

/** Judges one sector. Returns the problem, or which version it is. */
function judgeSector(
  device: BttDevice,
  lba: number,
  { acknowledged, underWay, gathered = [] }: Obligations,
): string | undefined {
  let found: Uint8Array
  try {
    found = readSector(device, lba)
  } catch (error) {
    return `LBA ${lba} cannot be read: ${String(error)}`
  }
  if (found.length === 0 && acknowledged.contentOf(lba).length > 0) return `LBA ${lba} is lost, says the map`
  const [old, fresh] = [acknowledged.contentOf(lba), underWay.contentOf(lba)]
  const fromOld = firstDifference(found, old)
  if (fromOld === -1) return undefined
  if (old === fresh) return `LBA ${lba} is not what was acknowledged, from its byte ${fromOld} on`
  const fromFresh = firstDifference(found, fresh)
  if (fromFresh === -1) return undefined
  if (gathered.some((between) => firstDifference(found, between.contentOf(lba)) === -1)) return undefined
  return `LBA ${lba} is no complete version: it differs from the old one from byte ${fromOld} on, and from the new one from byte ${fromFresh} on`
}

function judgeSectors(device: BttDevice, obligations: Obligations): string | undefined {
  for (const lba of obligations.underWay.lbas()) {
    const problem = judgeSector(device, lba, obligations)
    if (problem !== undefined) return problem
  }
  return undefined
}

export function judgeSecondAttach(storage: PowerFailMemory, engine: Engine): string | undefined {
  const stores: string[] = []
  runAtomic(engine.attach(new CutStorage(storage, (what) => void stores.push(what))))
  return stores[0] && `attaching once more stores again: ${stores[0]}`
}

function judgeOperations(
  device: BttDevice,
  operations: readonly CrashOperation[],
  lbas: Iterable<number>,
): string | undefined {
  let expected = ExpectedSectors.of(device, lbas)
  for (const operation of operations) {
    runAtomic(perform(device, operation))
    expected = expected.after(operation)
    const problem = judgeSectors(device, { acknowledged: expected, underWay: expected })
    if (problem !== undefined) return `${problem}, after a ${describeOperation(operation)} that came later`
  }
  return undefined
}

/** Attaches what is left and judges it. `onRecoveryStore` is told after each store that the attach makes. What attach or an operation throws is a problem too. */
export function judge(
  storage: PowerFailMemory,
  obligations: Obligations,
  { engine, operationsAfterwards, images, info }: JudgeOptions,
  onRecoveryStore?: () => void,
): string | undefined {
  const left = images.judgeUnrecovered(storage, info)
  let isRecovering = true
  const watched = new CutStorage(storage, () => {
    if (isRecovering) onRecoveryStore?.()
  })
  let device: BttDevice
  try {
    device = runAtomic(engine.attach(watched))
  } catch (error) {
    return `it cannot be attached: ${String(error)}`
  }
  isRecovering = false
  try {
    return (
      judgeSectors(device, obligations) ??
      images.judge(storage, device) ??
      judgeSecondAttach(storage, engine) ??
      judgeOperations(device, operationsAfterwards, obligations.underWay.lbas()) ??
      images.judge(storage, device) ??
      left
    )
  } catch (error) {
    return `an operation afterwards fails: ${String(error)}`
  }
}
