import { BttEngine } from '@bttkit/btt'
import {
  FLOG_GROUP_BYTES,
  FLOG_SLOT_BYTES,
  MAP_ENTRY_BYTES,
  encodeFlogEntry,
  normalEntry,
  type FlogEntry,
} from '@bttkit/btt-format'
import type { BttInfo } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { checkBijection, isBijection, type BijectionReport } from './bijection.ts'

const MIB = 2 ** 20

const engine = new BttEngine({
  laneTable: (words, { policy }) => new MutexLaneTable(words.subarray(0, -1), policy),
  lockTable: (words) => new MutexLocks(words, 'map-lock'),
  readTracking: (words) => new LocalReadTracking(words),
})

/** An image, a few sectors of which were written, to be damaged by hand. */
class Image {
  readonly memory: MemoryProvider
  readonly info: BttInfo
  private readonly view: DataView

  private constructor(memory: MemoryProvider, info: BttInfo) {
    this.memory = memory
    this.info = info
    const { buffer, byteOffset, byteLength } = memory.mapping
    this.view = new DataView(buffer, byteOffset, byteLength)
  }

  static async make(): Promise<Image> {
    const memory = new MemoryProvider({ size: 17 * MIB }, 'memory')
    await runAsync(engine.create(memory, { externalLbasize: 512, nfree: 4 }))
    const device = await runAsync(engine.attach(memory))
    for (let lba = 0; lba < 6; lba++) await device.write(lba, new Uint8Array(512).fill(lba + 1))
    return new Image(memory, device.info)
  }

  get arena(): BttInfo['arenas'][number] {
    const [arena] = this.info.arenas
    if (arena === undefined) throw new Error('an image has an arena')
    return arena
  }

  get internalNlba(): number {
    return this.arena.internalNlba
  }

  entryAt(lba: number): number {
    return this.arena.offset + this.arena.mapoff + lba * MAP_ENTRY_BYTES
  }

  blockOf(lba: number): number {
    return this.view.getUint32(this.entryAt(lba), true) & 0x3fff_ffff
  }

  map(lba: number, block: number): void {
    this.view.setUint32(this.entryAt(lba), normalEntry(block), true)
  }

  /** Puts both slots of a lane, the second being the newer one when its number follows. */
  flog(lane: number, first: FlogEntry, second: FlogEntry, secondSlot = 1): void {
    const at = this.arena.offset + this.arena.logoff + lane * FLOG_GROUP_BYTES
    this.memory.zero(at, FLOG_GROUP_BYTES)
    encodeFlogEntry(this.view, at, first)
    encodeFlogEntry(this.view, at + secondSlot * FLOG_SLOT_BYTES, second)
  }

  /** The blocks that no sector has. */
  freeBlocks(): number[] {
    const used = new Set(Array.from({ length: this.arena.externalNlba }, (_, lba) => this.blockOrOwn(lba)))
    return Array.from({ length: this.internalNlba }, (_, block) => block).filter((block) => !used.has(block))
  }

  check(): Promise<BijectionReport> {
    return runAsync(checkBijection(this.memory, this.info))
  }

  private blockOrOwn(lba: number): number {
    return this.view.getUint32(this.entryAt(lba), true) >>> 30 === 0 ? lba : this.blockOf(lba)
  }
}

const NOTHING: BijectionReport = {
  mappedTwice: { count: 0, first: [] },
  mappedAndFree: { count: 0, first: [] },
  freeTwice: { count: 0, first: [] },
  leaked: { count: 0, first: [] },
  sequences: { count: 0, first: [] },
  outOfRange: { count: 0, first: [] },
}

const one = <T>(what: T): { count: number; first: T[] } => ({ count: 1, first: [what] })

test('an image in order has nothing in its report', async () => {
  const report = await (await Image.make()).check()
  expect(report).toEqual(NOTHING)
  expect(isBijection(report)).toBe(true)
})

test('a block of two LBAs is named with both, and the block that it replaced is leaked', async () => {
  const image = await Image.make()
  const lost = image.blockOf(3)
  image.map(3, image.blockOf(5))
  const report = await image.check()
  expect(report).toEqual({
    ...NOTHING,
    mappedTwice: one({ arena: 0, block: image.blockOf(5), lbas: [3, 5] }),
    leaked: one({ arena: 0, block: lost }),
  })
  expect(isBijection(report)).toBe(false)
})

test('a sector that was never written has the block of its number', async () => {
  const image = await Image.make()
  const lost = image.blockOf(0)
  image.map(0, 1000)
  expect(await image.check()).toEqual({
    ...NOTHING,
    mappedTwice: one({ arena: 0, block: 1000, lbas: [0, 1000] }),
    leaked: one({ arena: 0, block: lost }),
  })
})

/** An entry that leaves the lane with `block`; nothing is pending, because the write changed no block. */
const entry = (block: number, seq: number, lba = 0): FlogEntry => ({ lba, oldMap: block, newMap: block, seq })

/** The four free blocks go to the lanes in order. */
async function withSimpleFlog(secondSlot = 1): Promise<{ image: Image; free: number[] }> {
  const image = await Image.make()
  const free = image.freeBlocks()
  for (const [lane, block] of free.entries()) image.flog(lane, entry(block, 1), entry(block, 2), secondSlot)
  return { image, free }
}

test('a block that an LBA has and a lane too', async () => {
  const { image, free } = await withSimpleFlog()
  image.flog(2, entry(image.blockOf(4), 1), entry(image.blockOf(4), 2))
  expect(await image.check()).toEqual({
    ...NOTHING,
    mappedAndFree: one({ arena: 0, block: image.blockOf(4), lbas: [4], lanes: [2] }),
    leaked: one({ arena: 0, block: free[2] }),
  })
})

test('a block that two lanes have', async () => {
  const { image, free } = await withSimpleFlog()
  image.flog(3, entry(free[1] ?? 0, 1), entry(free[1] ?? 0, 2))
  expect(await image.check()).toEqual({
    ...NOTHING,
    freeTwice: one({ arena: 0, block: free[1], lanes: [1, 3] }),
    leaked: one({ arena: 0, block: free[3] }),
  })
})

test.each([
  ['equal', 2, 2],
  ['impossible', 1, 0b110],
  ['without a first', 0, 2],
])(
  'sequence numbers that are %s: the lane is named, and its blocks are not taken for leaked',
  async (_, a, b) => {
    const { image, free } = await withSimpleFlog()
    image.flog(1, entry(free[1] ?? 0, a), entry(free[1] ?? 0, b))
    expect(await image.check()).toEqual({
      ...NOTHING,
      sequences: one({ arena: 0, lane: 1, sequences: [a, b] }),
    })
  },
)

test('entries of map and flog that are out of range', async () => {
  const { image, free } = await withSimpleFlog()
  const lost = image.blockOf(2)
  image.map(2, image.internalNlba)
  image.flog(0, entry(image.internalNlba + 7, 1), entry(image.internalNlba + 7, 2))
  const report = await image.check()
  expect(report.outOfRange).toEqual({
    count: 2,
    first: [
      { arena: 0, lba: null, lane: 0, block: image.internalNlba + 7 },
      { arena: 0, lba: 2, lane: null, block: image.internalNlba },
    ],
  })
  expect(report.leaked.first.map(({ block }) => block)).toEqual(
    [lost, free[0] ?? 0].toSorted((x, y) => x - y),
  )
})

test('the newer slot counts, whichever it is, also in the layout of old kernels', async () => {
  for (const secondSlot of [1, 2]) {
    const { image, free } = await withSimpleFlog(secondSlot)
    expect(await image.check()).toEqual(NOTHING)
    // Only the older slot names a block of somebody else.
    image.flog(0, entry(image.blockOf(1), 1), entry(free[0] ?? 0, 2), secondSlot)
    expect(await image.check()).toEqual(NOTHING)
    image.flog(0, entry(image.blockOf(1), 3), entry(free[0] ?? 0, 2), secondSlot)
    expect((await image.check()).mappedAndFree.count).toBe(1)
  }
})

test('an interrupted write, which attach would complete, breaks nothing', async () => {
  const { image, free } = await withSimpleFlog()
  const written = { lba: 4, oldMap: image.blockOf(4), newMap: free[2] ?? 0, seq: 2 }
  image.flog(2, entry(free[2] ?? 0, 1), written)
  expect(await image.check()).toEqual(NOTHING)
})

test('an interrupted write breaks nothing after others of the same sector in other lanes', async () => {
  const { image, free } = await withSimpleFlog()
  const written = { lba: 4, oldMap: image.blockOf(4), newMap: free[1] ?? 0, seq: 2 }
  image.flog(1, entry(free[1] ?? 0, 1), written)
  // What these published has been overwritten since; each has the block that it let go of.
  for (const lane of [0, 2, 3]) {
    const before = { lba: 4, oldMap: free[lane] ?? 0, newMap: image.blockOf(4), seq: 2 }
    image.flog(lane, entry(free[lane] ?? 0, 1), before)
  }
  expect(await image.check()).toEqual(NOTHING)
})

test('the first are named and all are counted', async () => {
  const image = await Image.make()
  for (let lba = 100; lba < 150; lba++) image.map(lba, 50)
  const report = await image.check()
  expect(report.leaked.count).toBe(50)
  expect(report.leaked.first).toHaveLength(20)
  expect(report.mappedTwice.count).toBe(1)
  expect(report.mappedTwice.first[0]?.lbas).toHaveLength(20)
})

test('arenas are told apart, and LBAs count on', async () => {
  const image = await Image.make()
  image.map(3, image.blockOf(5))
  const { arena, info, memory } = image
  const bytes = new Uint8Array(2 * memory.size)
  bytes.set((await Image.make()).memory.mapping)
  bytes.set(memory.mapping, memory.size)
  const both = { ...info, arenas: [arena, { ...arena, offset: memory.size + arena.offset }] }
  const { mappedTwice, leaked } = await runAsync(checkBijection(new MemoryProvider({ bytes }, 'both'), both))
  expect(mappedTwice).toEqual(
    one({ arena: 1, block: image.blockOf(5), lbas: [arena.externalNlba + 3, arena.externalNlba + 5] }),
  )
  expect(leaked.first.map((found) => found.arena)).toEqual([1])
})
