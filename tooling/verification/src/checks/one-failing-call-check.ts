/** Storage of which one call fails, each in turn, without a power failure and with one. */
import { CutStorage } from '@bttkit/checker-crash'
import {
  isBttkitError,
  type BttDevice,
  type Engine,
  type MaybeSleep,
  type PmemProvider,
} from '@bttkit/interfaces'
import { FaultLayer, type FaultRule, type ProviderCall } from '@bttkit/pmem-layers'
import { PowerFailMemory, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import type { Subject } from '../subject.ts'
import { runCases, type Check } from './check.ts'
import { initialFill, smallImage } from './images.ts'
import { ModelledSectors, judgeAgain, type SectorWrite } from './sector-model.ts'

/** Of a few sectors, again and again; each lane writes several times. */
export const WRITES: readonly SectorWrite[] = [
  { lba: 33, fill: 1 },
  { lba: 34, fill: 2 },
  { lba: 33, fill: 0 },
  { lba: 60, fill: 3 },
  { lba: 34, fill: 4 },
  { lba: 33, fill: 5 },
]
const WATCHED = new Map([32, 33, 34, 35, 60].map((lba) => [lba, new Set([initialFill(lba)])]))

/** Classes of crash states after a failure; the rest is sampled. */
const LIMIT = 40

type Fault = Omit<FaultRule, 'nth'>

export const FAULTS: readonly Fault[] = [
  { on: 'write', effect: 'error' },
  // Stored, and said to have failed.
  { on: 'write', effect: 'short', storedBytes: 512 },
  { on: 'flush', effect: 'error' },
]

/** An attach that meets the failing call is refused, and has stored nothing that could matter. */
function attachUnlessFailing(engine: Engine, storage: PmemProvider): BttDevice | undefined {
  try {
    return runAtomic(engine.attach(storage))
  } catch (error) {
    if (isBttkitError(error)) return undefined
    throw error
  }
}

/** Fails the n-th call of a kind, and knows whether there was one. */
class FailingOnce extends FaultLayer {
  private readonly on: FaultRule['on']
  private callsToGo: number

  constructor(inner: PmemProvider, fault: Fault, nth: number) {
    super(inner, { faults: [{ ...fault, nth }] })
    this.on = fault.on
    this.callsToGo = nth
  }

  get hasFailed(): boolean {
    return this.callsToGo <= 0
  }

  protected override around(call: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    if (call.kinds.some((kind) => kind === this.on)) this.callsToGo--
    return super.around(call, run)
  }
}

interface Failing {
  readonly image: Uint8Array
  readonly model: PowerFailModel
  readonly fault: Fault
  readonly writesThrough?: boolean
  /** Default: `WRITES`. */
  readonly writes?: readonly SectorWrite[]
}

/** Judges what is there after the writes of which a call has failed, and what a power failure leaves. */
function judgeAfter(
  { engine }: Subject,
  memory: PowerFailMemory,
  faulty: PmemProvider,
  writes: readonly SectorWrite[],
): string | undefined {
  const device = attachUnlessFailing(engine, faulty)
  if (device === undefined) return undefined
  const sectors = new ModelledSectors(device, WATCHED)
  for (const write of writes) sectors.write(write)
  const problem = sectors.judge() ?? judgeAgain(engine, memory.copy(), sectors)
  if (problem !== undefined) return problem
  let afterCut: string | undefined
  memory.cut().explore((left) => void (afterCut ??= judgeAgain(engine, left, sectors)), { limit: LIMIT })
  return afterCut && `and then the power: ${afterCut}`
}

/** Runs the writes again and again, and lets each call of a kind fail once, until there are no more of it. */
export function* failEach(
  subject: Subject,
  { image, model, fault, writesThrough = false, writes = WRITES }: Failing,
): Generator<() => string | undefined> {
  const through = writesThrough ? ', writes through' : ''
  for (let nth = 1; ; nth++) {
    const memory = new PowerFailMemory({ media: image, model })
    const storage = writesThrough ? new CutStorage(memory, () => {}, true) : memory
    const faulty = new FailingOnce(storage, fault, nth)
    yield () => {
      const problem = judgeAfter(subject, memory, faulty, writes)
      return problem && `${fault.on} ${nth} fails (${fault.effect}; ${model}${through}): ${problem}`
    }
    if (!faulty.hasFailed) return
  }
}

function* failures(subject: Subject): Generator<() => string | undefined> {
  const image = smallImage(subject.engine)
  for (const model of ['px86', 'buffered'] as const)
    for (const writesThrough of [false, true])
      for (const fault of FAULTS) yield* failEach(subject, { image, model, fault, writesThrough })
}

export const ONE_FAILING_CALL: Check = {
  name: 'one failing call',
  checker: 'failing storage',
  run: (subject) => runCases(failures(subject)),
}
