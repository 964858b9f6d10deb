/** Storage of which one call fails, each in turn, without a power failure and with one. */
import { CutStorage } from '@bttkit/checker-crash'
import { isBttkitError, type BttDevice, type Engine, type PmemProvider } from '@bttkit/interfaces'
import { FaultLayer, type FaultRule } from '@bttkit/pmem-layers'
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

/** The most calls of one kind that the writes make, and a few more. */
export const MOST_CALLS = 30
/** Classes of crash states after a failure; the rest is sampled. */
const LIMIT = 40

export const FAULTS: readonly Omit<FaultRule, 'nth'>[] = [
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

/** Runs the writes with one failing call, and judges what is there then, and what a power failure leaves. */
export function failOnce(
  { engine }: Subject,
  image: Uint8Array,
  model: PowerFailModel,
  rule: FaultRule & { readonly nth: number },
  writesThrough: boolean,
  writes = WRITES,
): string | undefined {
  const memory = new PowerFailMemory({ media: image, model })
  const faulty = new FaultLayer(writesThrough ? new CutStorage(memory, () => {}, true) : memory, {
    faults: [rule],
  })
  const device = attachUnlessFailing(engine, faulty)
  if (device === undefined) return undefined
  const sectors = new ModelledSectors(device, WATCHED)
  for (const write of writes) sectors.write(write)
  const storage = `${model}${writesThrough ? ', writes through' : ''}`
  const what = `${rule.on} ${rule.nth} fails (${rule.effect}; ${storage})`
  const problem = sectors.judge() ?? judgeAgain(engine, memory.copy(), sectors)
  if (problem !== undefined) return `${what}: ${problem}`
  let afterCut: string | undefined
  memory.cut().explore((left) => void (afterCut ??= judgeAgain(engine, left, sectors)), { limit: LIMIT })
  return afterCut && `${what}, and then the power: ${afterCut}`
}

function* failures(subject: Subject): Generator<() => string | undefined> {
  const image = smallImage(subject.engine)
  for (const model of ['px86', 'buffered'] as const)
    for (const writesThrough of [false, true])
      for (const fault of FAULTS)
        for (let nth = 1; nth <= MOST_CALLS; nth++)
          yield () => failOnce(subject, image, model, { ...fault, nth }, writesThrough)
}

export const ONE_FAILING_CALL: Check = {
  name: 'one failing call',
  checker: 'failing storage',
  run: (subject) => runCases(failures(subject)),
}
