/**
 * A thread dies at each of its storage calls, another one recovers it, and the power fails after each store of the recovery and at its end.
 *
 * What a dead thread has stored can be read, durable or not. A recovery that builds on it as if it were durable is right until the power fails.
 */
import { BttEngine } from '@bttkit/btt'
import { SteppingStorage } from '@bttkit/checker-crash'
import { checkBijection, isBijection, sharedParts } from '@bttkit/checker-lanes'
import type { BttDevice, Engine, Sleepable } from '@bttkit/interfaces'
import { PowerFailMemory, type PowerFailModel, type PowerFailure } from '@bttkit/pmem-power-fail'
import { ThreadRegistry } from '@bttkit/region-lanes'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { runAll, type Check, type Verdict } from './check.ts'
import { initialFill, smallImage } from './images.ts'

/** Not among the first blocks, which who searches for a BTT looks at. */
const LBA = 33
const COUNT = 2
const SECTOR_BYTES = 512
const FILL = 0x11

interface Operation {
  readonly name: string
  readonly run: (device: BttDevice) => Sleepable<void>
  /** What it makes of the sectors from `LBA` on. */
  readonly after: (sectors: Uint8Array) => void
}

const filled = (length: number): Uint8Array => new Uint8Array(length).fill(FILL)

const OPERATIONS: readonly Operation[] = [
  {
    name: 'a write',
    run: ({ sleepable }) => sleepable.write(LBA, filled(SECTOR_BYTES)),
    after: (sectors) => void sectors.fill(FILL, 0, SECTOR_BYTES),
  },
  {
    name: 'a write of parts of two sectors',
    run: ({ sleepable }) => sleepable.writeBytes(LBA * SECTOR_BYTES + 300, filled(400)),
    after: (sectors) => void sectors.fill(FILL, 300, 700),
  },
  {
    name: 'a zeroing',
    run: ({ sleepable }) => sleepable.zero(LBA, COUNT),
    after: (sectors) => void sectors.fill(0),
  },
]

const [OWNER, VICTIM, SURVIVOR] = [1, 2, 3]

/** The failures of the power in the recovery of a thread that has died after so many waits; `undefined` where its operation ended before. */
function failuresAfterDeath(
  start: PowerFailMemory,
  { run }: Operation,
  waits: number,
): PowerFailure[] | undefined {
  const memory = start.copy()
  const failures: PowerFailure[] = []
  let [running, isDead] = [OWNER, false]
  const watch = {
    currentThread: () => ({ id: running, start: 0 }),
    hasGone: ({ id }: { id: number }) => isDead && id === VICTIM,
  }
  const threadRegistry = (words: Int32Array): ThreadRegistry => new ThreadRegistry(words, watch)
  const engine = (): BttEngine => new BttEngine({ ...sharedParts(), threadRegistry })
  const owner = runBlocking(engine().attach(memory, { threads: true, zeroing: 'flags' }))
  const join = (thread: number, onStore: () => void): BttDevice => {
    running = thread
    const storage = new SteppingStorage(memory, (step) => {
      if (step === 'write') onStore()
    })
    return runBlocking(engine().join(storage, owner.share()))
  }
  const operation = run(join(VICTIM, () => {}))
  let step = operation.next()
  for (let wait = 0; wait < waits && step.done !== true; wait++) {
    step.value.block?.()
    step = operation.next()
  }
  if (step.done === true) return undefined
  isDead = true
  const keep = (): void => void failures.push(memory.cut())
  join(SURVIVOR, keep)
  keep()
  return failures
}

function judge(
  engine: Engine,
  left: PowerFailMemory,
  before: Uint8Array,
  after: Uint8Array,
): string | undefined {
  let device: BttDevice
  try {
    device = runAtomic(engine.attach(left))
  } catch (error) {
    return `it cannot be attached: ${String(error)}`
  }
  for (let sector = 0; sector < COUNT; sector++) {
    const found = new Uint8Array(SECTOR_BYTES)
    runAtomic(device.sleepable.read(LBA + sector, found))
    const versions = [before, after].map((all) =>
      all.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES),
    )
    if (!versions.some((version) => Buffer.compare(version, found) === 0))
      return `LBA ${LBA + sector} is no complete version`
  }
  return isBijection(runAtomic(checkBijection(left, device.info)))
    ? undefined
    : 'blocks have not one holder each'
}

function verdictOn(engine: Engine, start: PowerFailMemory, operation: Operation): Verdict {
  const before = Uint8Array.from({ length: COUNT * SECTOR_BYTES }, (_, at) =>
    initialFill(LBA + Math.floor(at / SECTOR_BYTES)),
  )
  const after = before.slice()
  operation.after(after)
  let [runs, states, isComplete] = [0, 0n, true]
  for (let waits = 0; ; waits++) {
    const failures = failuresAfterDeath(start, operation, waits)
    if (failures === undefined) return { problem: undefined, runs, states, isComplete }
    for (const failure of failures) {
      let problem: string | undefined
      const found = failure.explore((left) => {
        const wrong = judge(engine, left, before, after)
        problem ??= wrong
      })
      runs += found.classes
      states += found.states
      isComplete &&= found.isExhaustive
      if (problem === undefined) continue
      problem = `${operation.name}, death after ${waits + 1} calls, power failure in the recovery: ${problem}`
      return { problem, runs, states, isComplete }
    }
  }
}

const MODELS: readonly PowerFailModel[] = ['px86', 'buffered']

export const DEATH_AND_POWER: Check = {
  name: 'a thread dies, and the power fails in its recovery',
  checker: 'crashes',
  run: ({ engine }) => {
    const media = smallImage(engine)
    return runAll(
      MODELS.flatMap((model) => {
        const start = new PowerFailMemory({ media, model })
        return OPERATIONS.map((operation) => () => verdictOn(engine, start, operation))
      }),
    )
  },
}
