/** An image on a medium that goes bad where a test says so, and where its map, flog and blocks are. */
import type {
  ArenaInfo,
  AttachOptions,
  BttDevice,
  CreateOptions,
  MaybeSleep,
  PmemProvider,
  ProviderCapabilities,
  Sleepable,
  Wait,
} from '@bttkit/interfaces'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  decodeFlogEntry,
  mapBlock,
  newerOf,
  type FlogEntry,
} from '@bttkit/btt-format'
import { FaultLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { Scheduler, runAtomic, runBlocking, type ScheduledTask } from '@bttkit/sleepable'
import { MIB, PassingProvider, engine, freshMemory } from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'

export const fill = (byte: number, length = 512): Uint8Array => new Uint8Array(length).fill(byte)

export function readSector(device: BttDevice, lba: number): Uint8Array {
  const sector = fill(0xcc, device.sectorSize)
  device.blocking.read(lba, sector)
  return sector
}

/** The unit in which the medium goes bad. */
export const UNIT_BYTES = 512

/** Does not tell what it knows to be bad: who wants to know has to read. */
export class Untold extends PassingProvider {}

export class BadMedia {
  readonly memory: MemoryProvider
  /** The storage; it lists its bad units. */
  readonly provider: FaultLayer
  private readonly arena: ArenaInfo
  private readonly view: DataView

  constructor(memory: MemoryProvider) {
    this.memory = memory
    this.provider = new FaultLayer(memory)
    const [arena] = runAtomic(engine.attach(memory, { readOnly: true })).info.arenas
    if (arena === undefined) throw new Error('the image has no arena')
    this.arena = arena
    this.view = new DataView(memory.mapping.buffer, memory.mapping.byteOffset)
  }

  static fresh(options: CreateOptions = {}): BadMedia {
    return new BadMedia(freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4, ...options }))
  }

  /** A medium of its own with the same content, all of it good. */
  copy(spare = new SpareImage()): BadMedia {
    return new BadMedia(new MemoryProvider({ bytes: spare.copyOf(this.memory.mapping) }, 'copy'))
  }

  attach(options: AttachOptions = {}, provider: PmemProvider = this.provider): BttDevice {
    return runBlocking(engine.attach(provider, options))
  }

  blockOffset(block: number): number {
    return this.arena.offset + this.arena.dataoff + block * this.arena.internalLbasize
  }

  entryOffset(lba: number): number {
    return this.arena.offset + this.arena.mapoff + lba * 4
  }

  groupOffset(lane: number): number {
    return this.arena.offset + this.arena.logoff + lane * FLOG_GROUP_BYTES
  }

  entry(lba: number): number {
    return this.view.getUint32(this.entryOffset(lba), true)
  }

  blockOf(lba: number): number {
    return mapBlock(this.entry(lba), lba)
  }

  /** The newer entry of a lane's group. */
  flogEntry(lane: number): FlogEntry {
    const first = decodeFlogEntry(this.view, this.groupOffset(lane))
    const second = decodeFlogEntry(this.view, this.groupOffset(lane) + FLOG_SLOT_BYTES)
    return newerOf(first.seq, second.seq) === 0 ? first : second
  }

  /** Makes the unit bad in which the sector's content begins, or one after it. */
  spoilSector(lba: number, unit = 0): void {
    this.spoilBlock(this.blockOf(lba), unit)
  }

  spoilBlock(block: number, unit = 0): void {
    this.provider.addMediaError(this.blockOffset(block) + unit * UNIT_BYTES, 1)
  }
}

/** Sectors 0 to 15 are 1, and the block of sector 3 is bad. */
export function withLostSector(externalLbasize = 512): BadMedia {
  const media = BadMedia.fresh({ externalLbasize })
  const device = media.attach()
  for (let lba = 0; lba < 16; lba++) device.atomic.write(lba, fill(1, device.sectorSize))
  media.spoilSector(3)
  return media
}

/** Each call happens when the scheduler lets its task go on, and not before. */
export class Stepping extends PassingProvider {
  constructor(inner: PmemProvider, capabilities: Partial<ProviderCapabilities> = {}) {
    super(inner, { mayWait: true, flush: 'sleeps', durableOnWrite: false, ...capabilities })
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    return onceGoingOn(() => super.read(offset, target))
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    return onceGoingOn(() => super.write(offset, source))
  }

  override flush(): MaybeSleep {
    return onceGoingOn(() => super.flush())
  }
}

function onceGoingOn(call: () => MaybeSleep): Wait {
  let isDone = false
  const once = (): void => {
    if (isDone) return
    isDone = true
    call()?.block?.()
  }
  return {
    ready: () => true,
    block: once,
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) =>
      Promise.resolve()
        .then(once)
        .then(...callbacks),
  }
}

/** Runs two operations: `steps[0]` of the first, `steps[1]` of the second, and the rest of the first, then of the second; who waits lets the other go on. */
export async function runSwitching(
  [first, second]: readonly [Sleepable<void>, Sleepable<void>],
  steps: readonly [number, number],
): Promise<readonly [ScheduledTask, ScheduledTask]> {
  const scheduler = new Scheduler()
  const tasks = [scheduler.add('first', first), scheduler.add('second', second)] as const
  const left = [...steps]
  await scheduler.run((runnable) => {
    const turn = left.findIndex((count) => count > 0)
    if (turn >= 0) left[turn] = (left[turn] ?? 0) - 1
    const preferred = tasks[turn === 1 ? 1 : 0]
    return runnable.includes(preferred) ? preferred : (runnable[0] ?? preferred)
  })
  return tasks
}

/** Steps for `runSwitching`: each of two operations, of so many steps at most, is interrupted once, after any of its steps, by the whole of the other. */
export function allSwitches(mostSteps: number): (readonly [number, number])[] {
  return Array.from({ length: mostSteps }, (_, steps) => [
    [steps, mostSteps] as const,
    [0, steps] as const,
  ]).flat()
}
