/**
 * Random schedules on a medium that goes bad, with stores and flushes that fail, and operations that are ended at a wait: every sector is what its own writer
 * wrote, or an error; never a part of it, and never another sector's.
 */
import { expect, test } from 'vitest'
import {
  BttkitError,
  ProviderIoError,
  SectorErrorError,
  type BttDevice,
  type Sleepable,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { Scheduler, runBlocking } from '@bttkit/sleepable'
import { BadMedia, Stepping, fill, readSector } from './bad-media.test-support.ts'
import { PassingProvider, bijectionProblems, engine } from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'

const TASKS = 4
/** The first sectors are those of the first task, and so on. */
const SECTORS_A_TASK = 3
const SECTORS = TASKS * SECTORS_A_TASK
const OPERATIONS_A_TASK = 6
const STORMS = 100

/** Random whole numbers below a limit, the same for the same seed. */
function randomOf(seed: number): (limit: number) => number {
  let state = Math.imul(seed, 2_654_435_761) >>> 0
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 9) % limit
  }
}

/** Some stores and flushes fail, while there is a `random`; of such a store all is made, or nothing. */
class Unreliable extends PassingProvider {
  random: ((limit: number) => number) | undefined

  override write(offset: number, source: Uint8Array): undefined {
    const fails = this.random?.(80) === 0
    if (!fails || this.random?.(2) === 0) void super.write(offset, source)
    if (fails) throw new ProviderIoError({ image: this.name }, 'the store fails', 'EIO')
  }

  override flush(): undefined {
    if (this.random?.(80) === 0) throw new ProviderIoError({ image: this.name }, 'the flush fails', 'EIO')
  }
}

/** Thrown to who drives an operation that was ended. */
class Ended extends Error {}

/** The operation, ended for good after so many waits. */
function* endedAfter(waits: number, operation: Sleepable<void>): Sleepable<void> {
  let step = operation.next()
  for (let wait = 0; step.done !== true && wait < waits; wait++) {
    let failure: unknown
    try {
      yield step.value
    } catch (error) {
      failure = error
    }
    step = failure === undefined ? operation.next() : operation.throw(failure)
  }
  if (step.done === true) return
  operation.return()
  throw new Ended('ended at a wait')
}

class Storm {
  readonly media: BadMedia
  /** Writes and zeroings that ended well. */
  acknowledged = 0
  private readonly random: (limit: number) => number
  private readonly device: BttDevice
  private readonly provider: Unreliable
  /** By LBA, what it may be: the fill of the last write that was acknowledged, and those of the writes begun since. */
  private readonly allowed = Array.from({ length: SECTORS }, () => new Set([0]))
  private writes = 0

  constructor(seed: number, media: BadMedia) {
    this.random = randomOf(seed)
    this.media = media
    const { provider } = this.media
    this.provider = new Unreliable(provider)
    const stepping = new (class extends Stepping {
      badBlocks = () => provider.badBlocks()
    })(this.provider)
    const laneCount = 1 + this.random(3)
    const lanePolicy = this.random(2) === 0 ? 'static' : 'first-idle'
    const threads = this.random(3) === 0
    const zeroing = this.random(2) === 0 ? 'data' : 'flags'
    this.device = this.media.attach({ laneCount, lanePolicy, threads, zeroing }, stepping)
  }

  async run(): Promise<void> {
    const scheduler = new Scheduler()
    for (let task = 0; task < TASKS; task++) scheduler.add(`task ${task}`, this.task(task))
    this.provider.random = this.random
    await scheduler.run((runnable) => {
      const chosen = runnable[this.random(runnable.length)]
      if (chosen === undefined) throw new Error('nobody can go on')
      return chosen
    })
    this.provider.random = undefined
  }

  /** What of the image is not as it may be, as another attach finds it. That may complete writes: the storm is over. */
  problems(): string[] {
    const { mapping: bytes } = this.media.memory
    const again = runBlocking(engine.attach(new MemoryProvider({ bytes }, 'again')))
    const problems = bijectionProblems(bytes, 4096)
    for (let lba = 0; lba < SECTORS; lba++) {
      try {
        const values = new Set(readSector(again, lba))
        const [value = -1] = values
        if (values.size !== 1 || !this.allowed[lba]?.has(value))
          problems.push(`LBA ${lba} is ${[...values].join(' ')}`)
      } catch (error) {
        if (!(error instanceof SectorErrorError)) throw error
      }
    }
    return problems
  }

  private *task(task: number): Sleepable<void> {
    for (let i = 0; i < OPERATIONS_A_TASK; i++) {
      this.spoilSometimes()
      const lba = task * SECTORS_A_TASK + this.random(SECTORS_A_TASK)
      const waits = this.random(6) === 0 ? this.random(12) : Infinity
      try {
        yield* this.operation(lba, waits)
      } catch (error) {
        if (!(error instanceof BttkitError || error instanceof Ended)) throw error
      }
    }
  }

  private *operation(lba: number, waits: number): Sleepable<void> {
    const { sleepable } = this.device
    const kind = this.random(4)
    if (kind === 0) return yield* endedAfter(waits, sleepable.read(this.random(SECTORS), fill(0)))
    const value = kind === 1 ? 0 : ++this.writes
    this.allowed[lba]?.add(value)
    yield* endedAfter(waits, value === 0 ? sleepable.zero(lba, 1) : sleepable.write(lba, fill(value)))
    this.allowed[lba] = new Set([value])
    this.acknowledged++
  }

  /** A sector, or what was a free block at first. */
  private spoilSometimes(): void {
    if (this.random(4) !== 0) return
    if (this.random(2) === 0) this.media.spoilSector(this.random(SECTORS))
    else this.media.spoilBlock(this.device.sectorCount + this.random(3))
  }
}

test.each([512, 520])('sectors of %i bytes', async (externalLbasize) => {
  const pristine = BadMedia.fresh({ externalLbasize, nfree: 3 })
  const spare = new SpareImage()
  let acknowledged = 0
  for (let seed = 1; seed <= STORMS; seed++) {
    const storm = new Storm(seed, pristine.copy(spare))
    await storm.run()
    expect(storm.problems(), `seed ${seed}`).toEqual([])
    acknowledged += storm.acknowledged
  }
  // Where every operation fails there is nothing to lose. One of each task's ends well, on average.
  expect(acknowledged).toBeGreaterThan(STORMS * TASKS)
})
