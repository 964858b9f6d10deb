/** Operations on prepared images of which one storage call fails, each in turn, and what must be true afterwards. */
import { expect } from 'vitest'
import { BttkitError } from '@bttkit/interfaces'
import type { TraceRecord } from '@bttkit/pmem-layers'
import { Disk, type Driven } from './disk.test-support.ts'
import {
  MIB,
  PreemptingProvider,
  bijectionProblems,
  freshMemory,
  interruptBeforeMapEntry,
} from './engine.test-support.ts'
import { recording } from './faults.test-support.ts'
import { smallArenas } from './small-arenas.test-support.ts'
import { storageNamed, type TestStorage } from './storages.test-support.ts'

/** So many sectors, around the boundary of two arenas where there is one, are written and looked at. */
export const SECTORS = 8

/** Told of each sector that is acknowledged with its new content. */
type Acknowledge = (lba: number) => void

/** What is done to sectors 0 to 7 of the window that begins at `first`. */
export interface Scenario {
  readonly name: string
  readonly image: Uint8Array
  readonly run: (device: Driven, first: number, acknowledge: Acknowledge) => Promise<void>
}

/** The content and the metadata of sectors. */
interface Sectors {
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

const sectorsOf = (device: Driven, count: number, byte: number): Sectors => ({
  data: new Uint8Array(count * device.sectorSize).fill(byte),
  metadata: new Uint8Array(count * device.metadataSize).fill(byte),
})

async function write(device: Driven, lba: number, count: number, byte: number): Promise<void> {
  const { data, metadata } = sectorsOf(device, count, byte)
  await device.write(lba, data, metadata)
}

export async function readWindow(device: Driven): Promise<Sectors> {
  const sectors = sectorsOf(device, SECTORS, 0xcc)
  await device.read(windowOf(device), sectors.data, sectors.metadata)
  return sectors
}

/** The first LBA of the window: half of it lies in the second arena, if there is one. */
export function windowOf({ info: { arenas } }: Driven): number {
  return arenas.length > 1 ? (arenas[0]?.externalNlba ?? 0) - SECTORS / 2 : 0
}

/** Such an image with the window's content 1. */
async function prepared(bytes: Uint8Array): Promise<Uint8Array> {
  using disk = new Disk(storageNamed('memory'), bytes)
  const device = await disk.attach()
  await write(device, windowOf(device), SECTORS, 1)
  return disk.bytes().slice()
}

const oneArena = await prepared(freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 }).mapping)
const withMetadata = await prepared(freshMemory(17 * MIB, { externalLbasize: 520, nfree: 4 }).mapping)
const twoArenas = await prepared(smallArenas())

export const SCENARIOS: readonly Scenario[] = [
  { name: 'a write of a sector', image: oneArena, run: (device, first) => write(device, first + 3, 1, 2) },
  {
    name: 'a write of a part of a sector',
    image: oneArena,
    run: (device, first) =>
      device.writeBytes((first + 3) * device.sectorSize + 9, new Uint8Array(50).fill(2)),
  },
  {
    name: 'a write of a sector with metadata',
    image: withMetadata,
    run: (device, first) => write(device, first + 3, 1, 2),
  },
  {
    name: 'a write of a part of a sector with metadata',
    image: withMetadata,
    run: (device, first) =>
      device.writeBytes((first + 3) * device.sectorSize + 9, new Uint8Array(50).fill(2)),
  },
  {
    name: 'a write of several sectors',
    image: oneArena,
    run: (device, first) => write(device, first + 1, 4, 2),
  },
  {
    name: 'writes of one sector after the other',
    image: oneArena,
    run: async (device, first, acknowledge) => {
      for (const lba of [first + 2, first + 5, first + 3]) {
        await write(device, lba, 1, 2)
        acknowledge(lba)
      }
    },
  },
  {
    name: 'a write over the boundary of arenas',
    image: twoArenas,
    run: (device, first) => write(device, first + 2, 4, 2),
  },
  { name: 'a zeroing', image: oneArena, run: (device, first) => device.zero(first + 1, 4) },
  {
    name: 'a zeroing over the boundary of arenas',
    image: twoArenas,
    run: (device, first) => device.zero(first + 2, 4),
  },
  {
    name: 'a zeroing of parts of sectors',
    image: oneArena,
    run: (device, first) => device.zeroBytes(first * device.sectorSize + 100, 3 * device.sectorSize),
  },
  {
    name: 'a flush',
    image: oneArena,
    run: async (device, first, acknowledge) => {
      await write(device, first + 3, 1, 2)
      acknowledge(first + 3)
      await device.flush()
    },
  },
]

/** A write on each side of the boundary of arenas, interrupted when all but its map entry was stored. An attach completes them. */
export const INTERRUPTED: Scenario = {
  name: 'an attach that completes interrupted writes',
  image: await interrupted(),
  run: async () => {},
}

async function interrupted(): Promise<Uint8Array> {
  using disk = new Disk(storageNamed('memory'), twoArenas)
  const device = await disk.attach({ over: (inner) => new PreemptingProvider(inner) })
  const { data } = sectorsOf(device, 1, 2)
  for (const sector of [1, SECTORS - 2])
    interruptBeforeMapEntry(device.device.sleepable.write(windowOf(device) + sector, data))
  return disk.bytes().slice()
}

/** The calls of an undisturbed attach, and of the operation after it. */
export async function callsOf(
  { image, run }: Scenario,
  storage: TestStorage,
): Promise<{ attaching: TraceRecord[]; running: TraceRecord[] }> {
  const records: TraceRecord[] = []
  using disk = new Disk(storage, image)
  const device = await disk.attach({ under: recording(records) })
  const attaching = records.splice(0)
  await run(device, windowOf(device), () => {})
  return { attaching, running: records }
}

/** What the window holds after the undisturbed operation. */
async function afterwards({ image, run }: Scenario): Promise<Sectors> {
  using disk = new Disk(storageNamed('memory'), image)
  const device = await disk.attach()
  await run(device, windowOf(device), () => {})
  return readWindow(device)
}

/** The window before the operation and after it, and which LBAs are acknowledged. */
export class Expectation {
  private readonly before: Sectors
  private readonly after: Sectors
  private readonly acknowledged = new Set<number>()

  static async of(scenario: Scenario): Promise<Expectation> {
    using disk = new Disk(storageNamed('memory'), scenario.image)
    return new Expectation(await readWindow(await disk.attach()), await afterwards(scenario))
  }

  private constructor(before: Sectors, after: Sectors) {
    this.before = before
    this.after = after
  }

  /** For another run. */
  forget(): void {
    this.acknowledged.clear()
  }

  /** Runs the operation, and notes what of it is acknowledged. */
  async running(scenario: Scenario, device: Driven): Promise<void> {
    this.forget()
    await scenario.run(device, windowOf(device), (lba) => void this.acknowledged.add(lba))
  }

  /** What is wrong: each sector is its old one or its new one, whole and with its metadata; the new one where that is acknowledged. */
  problems(window: Sectors, first: number): string[] {
    const problems: string[] = []
    for (let sector = 0; sector < SECTORS; sector++) {
      const [old, next, now] = [this.before, this.after, window].map((sectors) => textOf(sectors, sector))
      const isAcknowledged = this.acknowledged.has(first + sector)
      if (now === next || (now === old && !isAcknowledged)) continue
      problems.push(
        `sector ${sector} is ${now === old ? 'the old one, though acknowledged' : 'neither old nor new'}`,
      )
    }
    return problems
  }
}

function textOf({ data, metadata }: Sectors, sector: number): string {
  const part = (bytes: Uint8Array): string => {
    const length = bytes.length / SECTORS
    return Buffer.from(bytes.buffer, bytes.byteOffset + sector * length, length).toString('hex')
  }
  return `${part(data)} ${part(metadata)}`
}

export async function failureOf(operation: Promise<unknown>): Promise<unknown> {
  return operation.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** LBAs beside the window, one in each arena. */
export function outsideOf(device: Driven): number[] {
  const first = windowOf(device)
  return first === 0 ? [first + 2 * SECTORS] : [first - SECTORS, first + 2 * SECTORS]
}

/** Whether the arena of an LBA takes writes and zeroing; both are refused by its error state, or none is. */
export async function isWritable(device: Driven, lba: number): Promise<boolean> {
  const failures = [await failureOf(write(device, lba, 1, 1)), await failureOf(device.zero(lba, 1))]
  const codes = failures.map((failure) => (failure === undefined ? undefined : codeOf(failure)))
  expect(codes[0]).toBe(codes[1])
  expect([undefined, 'BTT_ARENA_ERROR_STATE']).toContain(codes[0])
  return codes[0] === undefined
}

const codeOf = (failure: unknown): string => (failure instanceof BttkitError ? failure.code : String(failure))

/** On storage that does not fail, the bytes attach, hold what they must, and take writes through every lane. */
export async function expectSound(bytes: Uint8Array, expectation: Expectation, what: string): Promise<void> {
  using disk = new Disk(storageNamed('memory'), bytes)
  const device = await disk.attach()
  const first = windowOf(device)
  expect(device.info, `after ${what}`).toMatchObject({ state: 'clean', problems: [] })
  expect(expectation.problems(await readWindow(device), first), `after ${what}`).toEqual([])
  for (let round = 0; round < 2; round++) await write(device, first, SECTORS, 3)
  expect(bijectionProblems(disk.bytes(), 4096), `after ${what}`).toEqual([])
  const again = await readWindow(await disk.attach())
  expect(again, `after ${what}`).toEqual(sectorsOf(device, SECTORS, 3))
}

/**
 * The storages on which each call of each operation is failed: among them are flog halves that share a flush and such that do not, stores that are durable by themselves, a
 * failure that is thrown, and one that comes when the flush has been waited for.
 */
export const failingStorages: readonly TestStorage[] = [
  'memory',
  'a file',
  'DAX with libpmem',
  'a sleeping flush over memory',
].map(storageNamed)
