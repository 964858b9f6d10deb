/**
 * Threads that are dead at a chosen step. Run as a worker, it enters itself in a registry and ends. What a thread under such a number does is run by the test
 * itself, one step after the other, and left where the thread is to have died.
 */
import { ThreadRegistry } from '@bttkit/region-lanes'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic, runAsync } from '@bttkit/sleepable'
import type {
  AttachOptions,
  BttDevice,
  DeviceShare,
  PmemProvider,
  ProviderCapabilities,
  Sleepable,
} from '@bttkit/interfaces'
import { Worker, isMainThread, workerData } from 'node:worker_threads'
import { compose } from './compose.ts'
import { stateShapeOf, type DeviceDescription } from './device-description.ts'
import { DeviceThread } from './device-thread.ts'
import { PassingProvider, engine, parts } from './engine.test-support.ts'
import { Storage } from './storage.ts'
import { VolatileState, type ArenaWords } from './volatile-state.ts'

/** The test's own, which attached. */
export const SURVIVOR = 1
/** Those that are dead. */
export const DEAD = 2
export const ALSO_DEAD = 3

if (!isMainThread && workerData instanceof Int32Array) {
  for (const _ of [DEAD, ALSO_DEAD]) new ThreadRegistry(workerData).join()
}

/** The words of a registry with this thread, and two threads that have ended. */
async function registryWithDead(): Promise<Int32Array> {
  const words = new Int32Array(new SharedArrayBuffer(ThreadRegistry.WORDS * 4))
  new ThreadRegistry(words).join()
  const worker = new Worker(new URL(import.meta.url), {
    workerData: words,
    execArgv: ['--conditions=@bttkit/source'],
  })
  await new Promise((resolve, reject) => {
    worker.once('exit', resolve)
    worker.once('error', reject)
  })
  return words
}

let prepared: Promise<Int32Array> | undefined

export interface Part {
  readonly device: BttDevice
  readonly thread: DeviceThread
}

/** An image in memory, attached for threads, of which two are dead. */
export class HauntedDevice {
  readonly bytes: Uint8Array
  readonly state: VolatileState
  private readonly description: DeviceDescription
  private readonly capabilities: Partial<ProviderCapabilities>

  static async make(
    image: Uint8Array,
    options: AttachOptions = {},
    capabilities: Partial<ProviderCapabilities> = {},
  ): Promise<HauntedDevice> {
    prepared ??= registryWithDead()
    return new HauntedDevice(await prepared, image, options, capabilities)
  }

  private constructor(
    registry: Int32Array,
    image: Uint8Array,
    options: AttachOptions,
    capabilities: Partial<ProviderCapabilities>,
  ) {
    this.capabilities = capabilities
    this.bytes = new Uint8Array(new SharedArrayBuffer(image.length))
    this.bytes.set(image)
    const attached = runAtomic(engine.attach(this.provider(), { threads: true, ...options }))
    const share = attached.share()
    this.description = share.description as DeviceDescription
    this.state = VolatileState.over(stateShapeOf(this.description), share.state)
    this.state.threads.set(registry)
  }

  /** The words of the first arena. */
  get arena(): ArenaWords {
    const [words] = this.state.arenas
    if (words === undefined) throw new Error('the image has an arena')
    return words
  }

  get mapLocks(): Int32Array {
    return this.arena.mapLocks
  }

  provider(): PmemProvider {
    return new PassingProvider(new MemoryProvider({ bytes: this.bytes }, 'haunted'), this.capabilities)
  }

  share(): DeviceShare {
    return { image: this.description.info.image, state: this.state.buffer, description: this.description }
  }

  /** What a thread of this number has of the device. */
  part(number: number, provider: PmemProvider = this.provider()): Part {
    const { description, state } = this
    const thread = new DeviceThread(new ThreadRegistry(state.threads), number)
    const storage = new Storage(provider)
    const { device } = compose({ storage, description, state, parts, thread, isOwner: number === SURVIVOR })
    return { device, thread }
  }

  /** What is held by anybody: lanes, then map locks and read-tracking entries of all arenas. */
  held(): { lanes: number; mapLocks: number; tracking: number } {
    const count = (words: Int32Array): number => words.filter((word) => word !== 0).length
    const { lanes, arenas } = this.state
    return {
      lanes: count(lanes.subarray(0, -1)),
      mapLocks: arenas.reduce((sum, arena) => sum + count(arena.mapLocks), 0),
      tracking: arenas.reduce((sum, arena) => sum + count(arena.tracking), 0),
    }
  }
}

/** Runs an operation until it has waited so often, and leaves it there. False when it ended before. */
export function runAndDie(operation: Sleepable<unknown>, waits: number): boolean {
  let step = operation.next()
  for (let i = 0; i < waits; i++) {
    if (step.done === true) return false
    step.value.block?.()
    step = operation.next()
  }
  return step.done !== true
}

export const recover = ({ thread }: Part): Promise<void> => runAsync(thread.recoverDead())
