/**
 * Tasks that overlap on the engine, preempted at each call on the storage as chance has it, and the power failing at any moment: readers see what was written, and after the power
 * failure each sector is what it was at the last flush or something that was written to it since.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PreemptingProvider, SeededRandom } from '@bttkit/checker-lanes'
import type { BlockOperations, Sleepable } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { Scheduler, runAtomic, runBlocking } from '@bttkit/sleepable'
import { SECTOR_SIZE, engine, freshImage } from './btt-image.test-support.ts'
import { HALF_BYTES, History, valueOf } from './history.test-support.ts'
import { WriteBackDevice } from './index.ts'

const FIRST_LBA = 30
const SECTORS = 4
/** To this sector only whole ones are written: its halves are always of one write. */
const WHOLE_SECTOR = 0
const IMAGE = freshImage()
/** Of what a power failure may leave, so many states are looked at. */
const STATES = 6

/** `at` and `count` are sectors; those of `halves` half sectors. */
interface Step {
  readonly kind: 'write' | 'zero' | 'halves' | 'read' | 'flush'
  readonly at: number
  readonly count: number
}

function stepOf(kind: Step['kind'], first: number, end: number): fc.Arbitrary<Step> {
  return fc
    .tuple(fc.integer({ min: first, max: end - 1 }), fc.integer({ min: first, max: end - 1 }))
    .map(([a, b]) => ({ kind, at: Math.min(a, b), count: Math.abs(a - b) + 1 }))
}

const step = fc.oneof(
  { weight: 3, arbitrary: stepOf('write', 0, SECTORS) },
  stepOf('zero', 0, SECTORS),
  { weight: 3, arbitrary: stepOf('halves', 2 * (WHOLE_SECTOR + 1), 2 * SECTORS) },
  { weight: 2, arbitrary: stepOf('read', 0, SECTORS) },
  { weight: 2, arbitrary: stepOf('flush', 0, 1) },
)
const program = fc.record({
  tasks: fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 4 }),
  seed: fc.nat(2 ** 31),
  isParted: fc.boolean(),
  roomForSectors: fc.integer({ min: 1, max: 3 }),
  cutAfter: fc.nat(400),
})
type Program = typeof program extends fc.Arbitrary<infer T> ? T : never

const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i)

class Run {
  private readonly memory = new PowerFailMemory({ media: IMAGE, model: 'buffered' })
  private readonly history = new History()
  private readonly operations: BlockOperations<Sleepable<void>>
  private lastValue = 0
  problem: string | undefined

  /** @param isParted whether calls on the storage are also parted in their middle, and made late */
  constructor(random: SeededRandom, isParted: boolean, roomForSectors: number) {
    const storage = new PreemptingProvider(this.memory, isParted ? random : undefined)
    const inner = runBlocking(engine.attach(storage))
    const limitBytes = roomForSectors * (SECTOR_SIZE + 128)
    this.operations = new WriteBackDevice(inner, { limitBytes, limitMs: 2 ** 30, blocking: true }).sleepable
  }

  async go(tasks: Program['tasks'], random: SeededRandom, cutAfter: number): Promise<void> {
    const scheduler = new Scheduler()
    for (const [index, steps] of tasks.entries()) scheduler.add(`task ${index}`, this.task(steps))
    let steps = 0
    await scheduler.run((runnable) => {
      if (steps++ === cutAfter) this.cutPower()
      this.history.step()
      const chosen = runnable[random.below(runnable.length)]
      if (chosen === undefined) throw new RangeError('nobody can go on')
      return chosen
    })
    for (const { error } of scheduler.tasks) if (error !== undefined) throw error
    this.cutPower()
  }

  private cutPower(): void {
    this.memory.cut().explore(
      (left) => {
        const device = runAtomic(engine.attach(left))
        const bytes = new Uint8Array(SECTORS * SECTOR_SIZE)
        runAtomic(device.sleepable.readBytes(FIRST_LBA * SECTOR_SIZE, bytes))
        this.judge(bytes, 0, (half, value) => this.history.problemAfterCrash(half, value))
      },
      { limit: STATES, samples: STATES },
    )
  }

  private *task(steps: readonly Step[]): Sleepable<void> {
    for (const each of steps) yield* this.perform(each)
  }

  private *perform({ kind, at, count }: Step): Sleepable<void> {
    const { operations, history } = this
    const halves = kind === 'halves' ? range(at, count) : range(2 * at, 2 * count)
    const lba = FIRST_LBA + at
    if (kind === 'flush') {
      const flush = history.beginFlush()
      yield* operations.flush()
      return history.end(flush)
    }
    if (kind === 'read') {
      const bytes = new Uint8Array(count * SECTOR_SIZE)
      const reading = history.begin()
      yield* operations.read(lba, bytes)
      history.end(reading)
      return this.judge(bytes, at, (half, value) => history.problem(half, value, reading))
    }
    const value = kind === 'zero' ? 0 : ++this.lastValue
    const content = new Uint8Array(halves.length * HALF_BYTES).fill(value)
    const writing = history.beginWriting(halves, value)
    if (kind === 'zero') yield* operations.zero(lba, count)
    else if (kind === 'write') yield* operations.write(lba, content)
    else yield* operations.writeBytes(FIRST_LBA * SECTOR_SIZE + at * HALF_BYTES, content)
    return history.end(writing)
  }

  private judge(bytes: Uint8Array, firstSector: number, ask: (half: number, value: number) => string | undefined): void {
    const values = range(0, bytes.length / HALF_BYTES).map((half) =>
      valueOf(bytes.subarray(half * HALF_BYTES, (half + 1) * HALF_BYTES)),
    )
    for (const [index, value] of values.entries()) this.problem ??= ask(2 * firstSector + index, value)
    if (firstSector === WHOLE_SECTOR && values[0] !== values[1]) this.problem ??= 'a sector is of two writes'
  }
}

test('whatever overlaps and whenever the power fails, readers and whoever comes afterwards find what they may', async () => {
  await fc.assert(
    fc.asyncProperty(program, async ({ tasks, seed, isParted, roomForSectors, cutAfter }) => {
      const random = new SeededRandom(seed)
      const run = new Run(random, isParted, roomForSectors)
      await run.go(tasks, random, cutAfter)
      expect(run.problem).toBeUndefined()
    }),
    { numRuns: 150 },
  )
})
