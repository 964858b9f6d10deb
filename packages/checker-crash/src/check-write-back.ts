/**
 * Tasks that overlap before a write-back cache, by chance: their operations, who goes on after each call on the storage, and when the power fails. What they read, and what the power failure
 * leaves, is judged by `HalfSectorHistory`; and a sector that is only written as a whole is of one write.
 */
import { PreemptingProvider, SeededRandom } from '@bttkit/checker-lanes'
import type { BlockDevice, BlockOperations, BttDevice, Engine, Sleepable } from '@bttkit/interfaces'
import { PowerFailMemory, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { Scheduler, runAtomic, runBlocking } from '@bttkit/sleepable'
import { WriteBackDevice } from '@bttkit/write-back'
import { HalfSectorHistory, valueOf } from './half-sector-history.ts'

export interface WriteBackCheckOptions {
  readonly engine: Engine
  /** Bytes with a BTT, whose sectors from LBA 60 to 63 are zeros. They are not changed. */
  readonly image: Uint8Array
  readonly model: PowerFailModel
  /** How many programs are run. */
  readonly runs: number
  /** Of the first program, a whole number; each further one has the next. Default 0. */
  readonly seed?: number | undefined
}

export interface WriteBackCheckResult {
  /** Programs that were run. */
  readonly runs: number
  /** States that were judged. */
  readonly states: number
  /** In one sentence, of the first run in which something is wrong; the others are not made any more. */
  readonly problem: string | undefined
  /** Of that run: with it as `seed` it is the first. */
  readonly seed: number
}

const FIRST_LBA = 60
const SECTORS = 4
/** To this one only whole sectors are written. */
const WHOLE_SECTOR = 0
const MOST_TASKS = 4
const MOST_STEPS = 5
/** The power fails after so many steps of all tasks at most; besides, when a flush is over, and at the end of all. */
const MOST_STEPS_BEFORE_FAILURE = 400
/** Of what a power failure may leave, so many states are judged. */
const STATES = 4
const NEVER_MS = 2 ** 31 - 1

const KINDS = [
  'write',
  'write',
  'write',
  'halves',
  'halves',
  'zero',
  'read',
  'read',
  'flush',
  'flush',
] as const

/** `at` and `count` are sectors; those of `halves` half sectors. */
interface Step {
  readonly kind: (typeof KINDS)[number]
  readonly at: number
  readonly count: number
}

const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i)

function randomStep(random: SeededRandom): Step {
  const kind = KINDS[random.below(KINDS.length)] ?? 'flush'
  const [first, end] = kind === 'halves' ? [2 * (WHOLE_SECTOR + 1), 2 * SECTORS] : [0, SECTORS]
  const at = first + random.below(end - first)
  return { kind, at, count: 1 + random.below(end - at) }
}

class Run {
  states = 0
  problem: string | undefined
  private readonly options: WriteBackCheckOptions
  private readonly random: SeededRandom
  private readonly memory: PowerFailMemory
  private readonly history = new HalfSectorHistory()
  private readonly sectorSize: number
  private readonly operations: BlockOperations<Sleepable<void>>
  private lastValue = 0

  constructor(options: WriteBackCheckOptions, seed: number) {
    const { engine, image, model } = options
    this.options = options
    this.random = new SeededRandom(seed)
    this.memory = new PowerFailMemory({ media: image, model })
    const isParted = this.random.below(2) === 1
    const storage = new PreemptingProvider(this.memory, isParted ? this.random : undefined)
    const attached = runBlocking(engine.attach(storage))
    this.sectorSize = attached.sectorSize
    this.operations = this.cacheBefore(attached).sleepable
  }

  async go(): Promise<void> {
    const { random } = this
    const scheduler = new Scheduler()
    for (let task = 1 + random.below(MOST_TASKS); task > 0; task--) {
      const steps = range(0, 1 + random.below(MOST_STEPS)).map(() => randomStep(random))
      scheduler.add(`task ${task}`, this.perform(steps))
    }
    let stepsLeft = random.below(MOST_STEPS_BEFORE_FAILURE)
    await scheduler.run((runnable) => {
      if (stepsLeft-- === 0) this.cutPower()
      this.history.step()
      const chosen = runnable[random.below(runnable.length)]
      if (chosen === undefined) throw new RangeError('nobody can go on')
      return chosen
    })
    for (const { name, error } of scheduler.tasks)
      if (error instanceof Error) this.problem ??= `${name} fails: ${error.message}`
    this.cutPower()
  }

  /** With memory for one to three sectors, so that writers wait for room. */
  private cacheBefore(device: BttDevice): BlockDevice {
    const limitBytes = (1 + this.random.below(3)) * (device.sectorSize + 128)
    return new WriteBackDevice(device, { limitBytes, limitMs: NEVER_MS, blocking: true })
  }

  private cutPower(): void {
    this.memory.cut().explore((left) => this.judgeLeft(left), { limit: STATES, samples: STATES })
  }

  private judgeLeft(left: PowerFailMemory): void {
    this.states++
    const bytes = new Uint8Array(SECTORS * this.sectorSize)
    try {
      const device = runAtomic(this.options.engine.attach(left))
      runAtomic(device.sleepable.read(FIRST_LBA, bytes))
    } catch (error) {
      this.problem ??= `what a power failure left cannot be read: ${String(error)}`
      return
    }
    this.judge(bytes, 0, (half, value) => this.history.problemAfterFailure(half, value))
  }

  private *perform(steps: readonly Step[]): Sleepable<void> {
    for (const step of steps) {
      if (step.kind === 'flush') yield* this.flush()
      else if (step.kind === 'read') yield* this.read(step)
      else yield* this.change(step)
    }
  }

  private *flush(): Sleepable<void> {
    const flush = this.history.beginFlush()
    yield* this.operations.flush()
    this.history.end(flush)
    this.cutPower()
  }

  private *read({ at, count }: Step): Sleepable<void> {
    const bytes = new Uint8Array(count * this.sectorSize)
    const reading = this.history.begin()
    yield* this.operations.read(FIRST_LBA + at, bytes)
    this.history.end(reading)
    this.judge(bytes, at, (half, value) => this.history.problem(half, value, reading))
  }

  private *change({ kind, at, count }: Step): Sleepable<void> {
    const { operations, history, sectorSize } = this
    const halves = kind === 'halves' ? range(at, count) : range(2 * at, 2 * count)
    const value = kind === 'zero' ? 0 : ++this.lastValue
    const content = new Uint8Array((halves.length * sectorSize) / 2).fill(value)
    const change = history.beginChange(halves, value)
    if (kind === 'zero') yield* operations.zero(FIRST_LBA + at, count)
    else if (kind === 'write') yield* operations.write(FIRST_LBA + at, content)
    else yield* operations.writeBytes(FIRST_LBA * sectorSize + (at * sectorSize) / 2, content)
    history.end(change)
  }

  private judge(
    bytes: Uint8Array,
    firstSector: number,
    ask: (half: number, value: number) => string | undefined,
  ): void {
    const halfBytes = this.sectorSize / 2
    for (const sector of range(0, bytes.length / this.sectorSize)) {
      const values = [0, 1].map((half) =>
        valueOf(bytes.subarray((2 * sector + half) * halfBytes, (2 * sector + half + 1) * halfBytes)),
      )
      const [first, second] = values
      if (first === undefined || second === undefined) this.problem ??= 'a half sector is of two writes'
      else {
        const half = 2 * (firstSector + sector)
        this.problem ??= ask(half, first) ?? ask(half + 1, second)
        if (firstSector + sector === WHOLE_SECTOR && first !== second)
          this.problem ??= `a sector that is only written as a whole is of two writes, ${first} and ${second}`
      }
    }
  }
}

/** Runs programs by chance until something is wrong, or so many. */
export async function checkWriteBack(options: WriteBackCheckOptions): Promise<WriteBackCheckResult> {
  const { runs, seed: firstSeed = 0 } = options
  let states = 0
  for (let done = 0; done < runs; done++) {
    const seed = firstSeed + done
    const run = new Run(options, seed)
    await run.go()
    states += run.states
    const { problem } = run
    if (problem !== undefined) return { runs: done + 1, states, problem: `run ${seed}: ${problem}`, seed }
  }
  return { runs, states, problem: undefined, seed: firstSeed }
}
