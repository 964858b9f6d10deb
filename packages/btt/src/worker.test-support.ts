/**
 * A worker thread that takes part in a device: it runs plans and tells what happened and when, or writes its own sectors until it is stopped or terminated.
 *
 * A sector of 512 bytes is 8 chunks, each filled with one number of 32 bits.
 */
import type {
  BttDevice,
  DeviceShare,
  MaybeSleep,
  PmemProvider,
  ProviderShare,
  Sleepable,
} from '@bttkit/interfaces'
import { runAsync, runBlocking } from '@bttkit/sleepable'
import { parentPort } from 'node:worker_threads'
import { PreemptingProvider, engine } from './engine.test-support.ts'
import type { HistoryEvent } from './history.test-support.ts'
import { storageNamed } from './storages.test-support.ts'

export const SECTOR_BYTES = 512
export const CHUNK_BYTES = 64
export const CHUNKS = SECTOR_BYTES / CHUNK_BYTES

/** How a thread drives the device. */
export type Driver = 'blocking' | 'async'

/** How another thread opens what the test has: one of `storages` by its name, and the share of the provider under its layers. */
export interface ProviderSpec {
  readonly storage: string
  readonly share: ProviderShare
}

export type Step =
  | {
      readonly kind: 'write' | 'read' | 'zero'
      readonly lba: number
      readonly count: number
      readonly value: number
    }
  | { readonly kind: 'part'; readonly lba: number; readonly chunk: number; readonly value: number }

export interface Membership {
  readonly share: DeviceShare
  readonly provider: ProviderSpec
  readonly driver: Driver
}

/** Steps to take: of each task one after the other, and the tasks side by side where the driver can. */
export interface PlanJob extends Membership {
  readonly job: 'plan'
  readonly tasks: readonly (readonly Step[])[]
  /** Counts on with each look: the order of all calls and ends on all threads. */
  readonly clock: Int32Array
}

/** Writes generation after generation to its own sectors: in one membership, or with `visits` joining and closing for each write. */
export interface LoopJob extends Membership {
  readonly job: 'loop' | 'visits'
  readonly firstLba: number
  /** By LBA: the last generation whose write was begun, and the last one whose write has ended. */
  readonly begun: Int32Array
  readonly acknowledged: Int32Array
  /** How many sectors are this thread's. */
  readonly sectors: number
  /** One word; the loop ends when it is not 0. */
  readonly stop: Int32Array
}

export type Job = PlanJob | LoopJob

/** What happened to a chunk of a sector. */
export interface ChunkEvent extends HistoryEvent {
  readonly lba: number
  readonly chunk: number
}

export type Reply = { readonly events: readonly ChunkEvent[] } | { readonly error: string }

/** Waits at each call, and longer at the reading of a sector: time enough for others to write its block, if they do not see the reader. */
class LingeringProvider extends PreemptingProvider {
  override read(offset: number, target: Uint8Array): MaybeSleep {
    const wait = super.read(offset, target)
    if (target.length < SECTOR_BYTES || wait === undefined) return wait
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) =>
        turn()
          .then(() => wait)
          .then(...callbacks),
    }
  }
}

/** Storage that never waits is made to wait at each call where it is driven asynchronously, so that the tasks of a thread meet in the middle of operations. */
function openProvider(spec: ProviderSpec, driver: Driver): PmemProvider {
  const { base, layers } = storageNamed(spec.storage)
  const provider = layers(base.join(spec.share))
  return driver === 'blocking' || provider.capabilities.mayWait ? provider : new LingeringProvider(provider)
}

/** A number for each chunk of the sectors, or -1 for a chunk that is not of one number. */
export function chunkValues(bytes: Uint8Array): number[] {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  const perChunk = CHUNK_BYTES / 4
  return Array.from({ length: words.length / perChunk }, (_, chunk) => {
    const numbers = new Set(words.subarray(chunk * perChunk, (chunk + 1) * perChunk))
    const [only = -1] = numbers
    return numbers.size === 1 ? only : -1
  })
}

export const filled = (value: number, bytes: number): Uint8Array =>
  new Uint8Array(new Int32Array(bytes / 4).fill(value).buffer)

/** Drives an operation to its end; a blocking one is over when this returns. */
async function drive(operation: Sleepable<void>, driver: Driver): Promise<void> {
  if (driver === 'blocking') runBlocking(operation)
  else await runAsync(operation)
}

class PlanRun {
  readonly events: ChunkEvent[] = []
  private readonly job: PlanJob
  private readonly device: BttDevice

  constructor(job: PlanJob, device: BttDevice) {
    this.job = job
    this.device = device
  }

  async run(): Promise<void> {
    const { tasks, driver } = this.job
    if (driver === 'blocking') for (const task of tasks) await this.runTask(task)
    else await Promise.all(tasks.map((task) => this.runTask(task)))
  }

  private async runTask(task: readonly Step[]): Promise<void> {
    for (const step of task) {
      const start = this.now()
      const values = await this.take(step)
      this.record(step, values, start, this.now())
    }
  }

  private now(): number {
    return Atomics.add(this.job.clock, 0, 1)
  }

  /** Does it; of a read, what the chunks were. */
  private async take(step: Step): Promise<number[]> {
    const { sleepable } = this.device
    const { driver } = this.job
    if (step.kind === 'part') {
      const offset = step.lba * SECTOR_BYTES + step.chunk * CHUNK_BYTES
      await drive(sleepable.writeBytes(offset, filled(step.value, CHUNK_BYTES)), driver)
      return []
    }
    const { kind, lba, count, value } = step
    if (kind === 'zero') {
      await drive(sleepable.zero(lba, count), driver)
      return []
    }
    const sectors = filled(kind === 'write' ? value : -1, count * SECTOR_BYTES)
    await drive(sleepable[kind](lba, sectors), driver)
    return kind === 'read' ? chunkValues(sectors) : []
  }

  private record(step: Step, values: readonly number[], start: number, end: number): void {
    const kind = step.kind === 'read' ? 'read' : 'write'
    if (step.kind === 'part') {
      this.events.push({ kind, lba: step.lba, chunk: step.chunk, value: step.value, start, end })
      return
    }
    for (let at = 0; at < step.count * CHUNKS; at++) {
      const value = values[at] ?? step.value
      this.events.push({
        kind,
        lba: step.lba + Math.floor(at / CHUNKS),
        chunk: at % CHUNKS,
        value,
        start,
        end,
      })
    }
  }
}

/** One writer's loop over its sectors, from one of them on. Driven blocking, it never gives the event loop a turn. */
async function writeOn(job: LoopJob, { sleepable }: BttDevice, first: number, step: number): Promise<void> {
  const { firstLba, sectors, begun, acknowledged, stop, driver } = job
  const seen = filled(0, SECTOR_BYTES)
  for (let at = first; Atomics.load(stop, 0) === 0; at = (at + step) % sectors) {
    const lba = firstLba + at
    const generation = Atomics.add(begun, lba, 1) + 1
    await drive(sleepable.write(lba, filled(generation, SECTOR_BYTES)), driver)
    Atomics.store(acknowledged, lba, generation)
    // Somebody else's: a reader can die, too.
    await drive(sleepable.read((lba + sectors) % begun.length, seen), driver)
    if (driver === 'async') await new Promise((resolve) => void setImmediate(resolve))
  }
}

/** A membership for each write. */
async function visitOn(job: LoopJob): Promise<void> {
  const { firstLba, sectors, begun, acknowledged, stop, driver } = job
  for (let visit = 0; Atomics.load(stop, 0) === 0; visit++) {
    const device = await runAsync(engine.join(openProvider(job.provider, driver), job.share))
    const lba = firstLba + (visit % sectors)
    const generation = Atomics.add(begun, lba, 1) + 1
    await drive(device.sleepable.write(lba, filled(generation, SECTOR_BYTES)), driver)
    Atomics.store(acknowledged, lba, generation)
    await drive(device.sleepable.close(), driver)
  }
}

async function run(job: Job): Promise<Reply> {
  if (job.job === 'visits') {
    await visitOn(job)
    return { events: [] }
  }
  const device = await runAsync(engine.join(openProvider(job.provider, job.driver), job.share))
  let events: ChunkEvent[] = []
  if (job.job === 'plan') {
    const plan = new PlanRun(job, device)
    await plan.run()
    events = plan.events
  } else if (job.driver === 'blocking') {
    await writeOn(job, device, 0, 1)
  } else {
    // Two tasks on the even and the odd sectors: they share none.
    await Promise.all([writeOn(job, device, 0, 2), writeOn(job, device, 1, 2)])
  }
  await drive(device.sleepable.close(), job.driver)
  return { events }
}

parentPort?.on('message', (job: Job) => {
  run(job).then(
    (reply) => parentPort?.postMessage(reply),
    (error: unknown) =>
      parentPort?.postMessage({ error: error instanceof Error ? error.stack : String(error) }),
  )
})
