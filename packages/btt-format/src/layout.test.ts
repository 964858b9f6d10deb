import * as fc from 'fast-check'
import { LayoutError } from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { kernelImages, nblockRows, poolImages } from '@bttkit/fixtures'
import {
  DEFAULT_NFREE,
  KERNEL_LBASIZES,
  MAX_ARENA_BYTES,
  MAX_NFREE,
  MIN_ARENA_BYTES,
  NULL_UUID,
  encodeInfoBlock,
  flogBytes,
  initialOffset,
  internalLbasize,
  judgeInfoBlock,
  layOut,
  mapBytes,
  roundDown,
  roundUp,
  type ArenaLayout,
  type LayoutRequest,
} from './index.ts'

const KiB = 2 ** 10
const MiB = 2 ** 20
const GiB = 2 ** 30

/** Device size, sector size, internal sector size, internal and external blocks, and where map, flog and backup info block begin. */
type Row = readonly [number, number, number, number, number, number, number, number]

/** Computed by hand from the order of the steps in the Linux driver; 256 spare blocks. */
const version11: readonly Row[] = [
  [16 * MiB + 4 * KiB, 512, 512, 32458, 32202, 0xfdb000, 0xffb000, 0xfff000],
  [16 * MiB + 4 * KiB, 4096, 4096, 4085, 3829, 0xff7000, 0xffb000, 0xfff000],
  [32 * MiB, 512, 512, 64964, 64708, 0x1fba000, 0x1ffa000, 0x1ffe000],
  [32 * MiB, 520, 576, 57795, 57539, 0x1fc1000, 0x1ffa000, 0x1ffe000],
  [32 * MiB, 528, 576, 57795, 57539, 0x1fc1000, 0x1ffa000, 0x1ffe000],
  [32 * MiB, 4096, 4096, 8176, 7920, 0x1ff2000, 0x1ffa000, 0x1ffe000],
  [32 * MiB, 4104, 4160, 8050, 7794, 0x1ff2000, 0x1ffa000, 0x1ffe000],
  [32 * MiB, 4160, 4160, 8050, 7794, 0x1ff2000, 0x1ffa000, 0x1ffe000],
  [32 * MiB, 4224, 4224, 7928, 7672, 0x1ff2000, 0x1ffa000, 0x1ffe000],
  [64 * MiB, 512, 512, 129992, 129736, 0x3f7b000, 0x3ffa000, 0x3ffe000],
  [64 * MiB, 520, 576, 115648, 115392, 0x3f89000, 0x3ffa000, 0x3ffe000],
  [64 * MiB, 528, 576, 115648, 115392, 0x3f89000, 0x3ffa000, 0x3ffe000],
  [64 * MiB, 4096, 4096, 16360, 16104, 0x3fea000, 0x3ffa000, 0x3ffe000],
  [64 * MiB, 4104, 4160, 16108, 15852, 0x3fea000, 0x3ffa000, 0x3ffe000],
  [64 * MiB, 4160, 4160, 16108, 15852, 0x3fea000, 0x3ffa000, 0x3ffe000],
  [64 * MiB, 4224, 4224, 15864, 15608, 0x3fea000, 0x3ffa000, 0x3ffe000],
  [1 * GiB, 512, 512, 2080831, 2080575, 0x3f80a000, 0x3fffa000, 0x3fffe000],
  [1 * GiB, 4096, 4096, 261880, 261624, 0x3fefa000, 0x3fffa000, 0x3fffe000],
]

const version20: readonly Row[] = [[64 * MiB, 4096, 4096, 16361, 16105, 0x3feb000, 0x3ffb000, 0x3fff000]]

/** 512 GiB + 16 MiB + 4 KiB: two arenas, of the largest and of the smallest size. */
const twoArenas: readonly (readonly [Row, Row])[] = [
  [
    [512 * GiB, 512, 512, 1065418188, 1065417932, 0x7f01fbb000, 0x7fffffb000, 0x7ffffff000],
    [16 * MiB, 512, 512, 32458, 32202, 0xfdb000, 0xffb000, 0xfff000],
  ],
  [
    [512 * GiB, 4096, 4096, 134086776, 134086520, 0x7fe007b000, 0x7fffffb000, 0x7ffffff000],
    [16 * MiB, 4096, 4096, 4085, 3829, 0xff7000, 0xffb000, 0xfff000],
  ],
]

function expected(row: Row, sizeBytes: number, nextoff: number): ArenaLayout {
  const [, , internal, internalNlba, externalNlba, mapoff, logoff, info2off] = row
  return {
    size: sizeBytes,
    externalNlba,
    internalLbasize: internal,
    internalNlba,
    nextoff,
    dataoff: 4096,
    mapoff,
    logoff,
    info2off,
  }
}

test.each(version11)('a 1.1 device of %i bytes and sectors of %i bytes is laid out as in Linux', (...row) => {
  const sizeBytes = row[0] - initialOffset('1.1')
  const arenas = layOut({ sizeBytes, externalLbasize: row[1], nfree: 256 })
  expect(arenas).toEqual([expected(row, sizeBytes, 0)])
})

test.each(version20)('a 2.0 device of %i bytes and sectors of %i bytes is laid out as in Linux', (...row) => {
  const sizeBytes = row[0] - initialOffset('2.0')
  const arenas = layOut({ sizeBytes, externalLbasize: row[1], nfree: 256 })
  expect(arenas).toEqual([expected(row, sizeBytes, 0)])
})

test.each(twoArenas)('a device just large enough for a second arena has two (%#)', (first, second) => {
  const sizeBytes = 512 * GiB + 16 * MiB
  const arenas = layOut({ sizeBytes, externalLbasize: first[1], nfree: 256 })
  expect(arenas).toEqual([expected(first, 512 * GiB, 0x8000000000), expected(second, 16 * MiB, 0)])
})

test.each(KERNEL_LBASIZES)(
  '16 MiB are too small for 1.1 with sectors of %i bytes: its first page is not the BTT',
  (externalLbasize) => {
    const sizeBytes = 16 * MiB - initialOffset('1.1')
    expect(() => layOut({ sizeBytes, externalLbasize, nfree: 256 })).toThrow(LayoutError)
  },
)

test.each(KERNEL_LBASIZES)('16 MiB are enough for 2.0 with sectors of %i bytes', (externalLbasize) => {
  expect(layOut({ sizeBytes: 16 * MiB - initialOffset('2.0'), externalLbasize, nfree: 256 })).toHaveLength(1)
})

test('a rest of less than 16 MiB after a full arena stays unused', () => {
  const [arena, ...others] = layOut({
    sizeBytes: 512 * GiB + 16 * MiB - 4096,
    externalLbasize: 4096,
    nfree: 256,
  })
  expect(others).toEqual([])
  expect(arena?.nextoff).toBe(0)
})

const laidOutByKernel = kernelImages().filter((image) => image.manifest.arenas !== undefined)

test.each(laidOutByKernel)('the kernel image $name has the layout that we would make', ({ manifest }) => {
  const { size } = manifest.namespace
  const { version = '1.1', externalLbasize = 0, nfree = 0 } = manifest.btt ?? {}
  const arenas = layOut({ sizeBytes: size - initialOffset(version), externalLbasize, nfree })
  expect(arenas).toHaveLength(manifest.arenas?.length ?? 0)
  for (const [i, { size: _, ...layout }] of arenas.entries())
    expect(manifest.arenas?.[i]?.info).toMatchObject(layout)
})

const laidOutByPmdk = poolImages().filter((image) => image.kind !== 'no-layout')

test.each(laidOutByPmdk)(
  'the pool $name has the layout that we would make in its dialect',
  ({ manifest }) => {
    const arenas = layOut({
      sizeBytes: manifest.btt.length,
      externalLbasize: manifest.bsize,
      nfree: 256,
      dialect: 'pmdk',
    })
    const fields = arenas.map((a) => ({
      external_nlba: a.externalNlba,
      internal_lbasize: a.internalLbasize,
      internal_nlba: a.internalNlba,
      nextoff: a.nextoff,
      dataoff: a.dataoff,
      mapoff: a.mapoff,
      flogoff: a.logoff,
      infooff: a.info2off,
    }))
    expect(manifest.arenas).toMatchObject(fields)
  },
)

/** What libpmemblk gives to the BTT: the pool in whole pages, without its two header pages. */
const requestOf = (row: { poolsize: number; bsize: number }): LayoutRequest => ({
  sizeBytes: roundDown(row.poolsize, 4096) - 8192,
  externalLbasize: row.bsize,
  nfree: 256,
  dialect: 'pmdk',
})

test.each(nblockRows().filter((row) => row.nblock !== null))(
  'a pool of $poolsize bytes with blocks of $bsize has as many as libpmemblk gives it',
  (row) => {
    expect(requestOf(row).sizeBytes).toBe(row.btt_size)
    const sectors = layOut(requestOf(row)).reduce((sum, arena) => sum + arena.externalNlba, 0)
    expect(sectors).toBe(row.nblock)
  },
)

const refused = nblockRows().filter((row) => row.nblock === null)

// The smallest pool (16785408 bytes) is exactly two header pages and the smallest BTT, so the pool's rule is the BTT's.
test.each(refused.filter((row) => row.msg?.includes('is smaller than 16785408')))(
  'a pool of $poolsize bytes is too small for blocks of $bsize: less than 16 MiB are left for the BTT',
  (row) => {
    expect(row.btt_size).toBeLessThan(MIN_ARENA_BYTES)
    expect(() => layOut(requestOf(row))).toThrow(LayoutError)
  },
)

// The BTT's rule in PMDK: at least as many sectors as spare blocks, 512 blocks in all.
test.each(refused.filter((row) => row.msg === 'pool initialization failed'))(
  'a pool of $poolsize bytes has no room for 512 blocks of $bsize',
  (row) => {
    const stride = Math.ceil(row.bsize / 256) * 256
    expect(row.btt_size).toBeLessThan(512 * (stride + 4) + 2 * 4096 + 16384 + 4096)
    expect(() => layOut(requestOf(row))).toThrow(LayoutError)
  },
)

// The pool's rule: its block size is a u32. The BTT's too, and this one has no room besides.
test.each(refused.filter((row) => row.msg?.startsWith('Invalid block size')))(
  'a block size of $bsize fits no u32',
  (row) => {
    expect(row.bsize).toBeGreaterThanOrEqual(2 ** 32)
    expect(() => layOut(requestOf(row))).toThrow(LayoutError)
    expect(() => layOut({ ...requestOf(row), sizeBytes: 512 * GiB, nfree: 1 })).toThrow(LayoutError)
  },
)

test('every refused pool size falls under one of these three reasons', () => {
  const reason = /is smaller than 16785408|^pool initialization failed$|^Invalid block size/
  expect(refused.filter((row) => !reason.test(row.msg ?? ''))).toEqual([])
  expect(refused.length).toBeGreaterThan(0)
})

test('PMDK wants as many sectors as spare blocks, Linux one', () => {
  // 16 MiB - 8192 - 16384 - 4096 = 16748544 bytes for blocks: 511 of 32768 + 4 bytes, so 255 sectors and 256 spare.
  const request = { sizeBytes: 16 * MiB, externalLbasize: 32768, nfree: 256 }
  expect(layOut(request)[0]?.externalNlba).toBe(255)
  expect(() => layOut({ ...request, dialect: 'pmdk' })).toThrow(LayoutError)
})

test('an arena without a single sector is refused', () => {
  // 16748544 / (65536 + 4) = 255 blocks, all of them spare.
  expect(() => layOut({ sizeBytes: 16 * MiB, externalLbasize: 65536, nfree: 255 })).toThrow(LayoutError)
  expect(layOut({ sizeBytes: 16 * MiB, externalLbasize: 65536, nfree: 254 })[0]?.externalNlba).toBe(1)
})

const sound: LayoutRequest = { sizeBytes: 64 * MiB, externalLbasize: 4096, nfree: DEFAULT_NFREE }

test.each<[string, Partial<LayoutRequest>]>([
  ['a sector size of 0', { externalLbasize: 0 }],
  ['a negative sector size', { externalLbasize: -512 }],
  ['a broken sector size', { externalLbasize: 512.5 }],
  ['no number as a sector size', { externalLbasize: NaN }],
  ['no spare blocks', { nfree: 0 }],
  ['a negative number of spare blocks', { nfree: -1 }],
  ['a broken number of spare blocks', { nfree: 1.5 }],
  ['too many spare blocks', { nfree: MAX_NFREE + 1 }],
  ['no number of spare blocks', { nfree: NaN }],
  ['a size of 0', { sizeBytes: 0 }],
  ['a negative size', { sizeBytes: -64 * MiB }],
  ['a size just below 16 MiB', { sizeBytes: 16 * MiB - 1 }],
  ['no number as a size', { sizeBytes: NaN }],
  ['an infinite size', { sizeBytes: Infinity }],
  ['a broken size', { sizeBytes: 64 * MiB + 0.5 }],
  ['a size that a number cannot tell from its neighbours', { sizeBytes: 2 ** 53 }],
])('%s is refused', (_, change) => {
  expect(() => layOut({ ...sound, ...change })).toThrow(LayoutError)
})

test('more blocks than a map entry can tell apart are refused', () => {
  // 2^39 / (64 + 4) is eight times 2^30.
  expect(() => layOut({ sizeBytes: MAX_ARENA_BYTES, externalLbasize: 64, nfree: 256 })).toThrow(LayoutError)
})

test.each([
  [512, 512],
  [520, 576],
  [528, 576],
  [4096, 4096],
  [4104, 4160],
  [4160, 4160],
  [4224, 4224],
  [1, 64],
])('Linux gives a sector of %i bytes a block of %i', (external, internal) => {
  expect(internalLbasize(external)).toBe(internal)
  expect(internalLbasize(external, 'kernel')).toBe(internal)
})

test.each([
  [1, 512],
  [512, 512],
  [513, 768],
  [520, 768],
  [4096, 4096],
  [4104, 4352],
])('PMDK gives a block of %i bytes a block of %i', (external, internal) => {
  expect(internalLbasize(external, 'pmdk')).toBe(internal)
})

test.each([
  [1, 4096],
  [64, 4096],
  [65, 8192],
  [256, 16384],
])('the flog of %i lanes takes %i bytes', (nfree, bytes) => {
  expect(flogBytes(nfree)).toBe(bytes)
})

test.each([
  [1, 4096],
  [1024, 4096],
  [1025, 8192],
  [1065417932, 0x7fffffb000 - 0x7f01fbb000],
])('the map of %i sectors takes %i bytes', (sectors, bytes) => {
  expect(mapBytes(sectors)).toBe(bytes)
})

test('sizes beyond 32 bits are rounded exactly', () => {
  expect(roundUp(2 ** 40 + 1, 4096)).toBe(2 ** 40 + 4096)
  expect(roundDown(2 ** 40 + 4095, 4096)).toBe(2 ** 40)
  expect(roundUp(2 ** 40, 4096)).toBe(2 ** 40)
})

const request = fc.record({
  sizeBytes: fc.oneof(
    fc.integer({ min: 16 * MiB, max: 64 * MiB }),
    fc.maxSafeInteger().map((n) => 16 * MiB + (Math.abs(n) % (1100 * GiB))),
    fc.nat(8192).map((n) => 512 * GiB + 16 * MiB - 4096 + n),
  ),
  externalLbasize: fc.oneof(
    fc.constantFrom(...KERNEL_LBASIZES),
    fc.integer({ min: 1, max: 2 ** 20 }),
    fc.integer({ min: 1, max: 2 ** 33 }),
  ),
  nfree: fc.oneof(fc.constant(256), fc.integer({ min: 1, max: MAX_NFREE })),
  dialect: fc.constantFrom('kernel' as const, 'pmdk' as const),
})

/** Whether the judge takes each arena of a layout, without doubts, with the storage ending where the layout's size ends. */
function judgements(
  { sizeBytes, externalLbasize, nfree }: LayoutRequest,
  arenas: readonly ArenaLayout[],
): string[] {
  let start = 0
  return arenas.map((arena) => {
    const info = {
      uuid: NULL_UUID,
      parentUuid: NULL_UUID,
      flags: 0,
      major: 2,
      minor: 0,
      externalLbasize,
      nfree,
      infosize: 4096,
    }
    const verdict = judgeInfoBlock(encodeInfoBlock({ ...info, ...arena }), sizeBytes - start)
    start += arena.nextoff
    return verdict.refusal ?? verdict.doubts.join('; ')
  })
}

/** `undefined` for a request that is refused as it should be. */
function layOutOrRefuse(it: LayoutRequest): ArenaLayout[] | undefined {
  try {
    return layOut(it)
  } catch (error) {
    if (error instanceof LayoutError) return undefined
    throw error
  }
}

test('whatever is laid out is judged sound, and covers the storage but for less than 16 MiB', () => {
  let laidOut = 0
  const property = fc.property(request, (it) => {
    const arenas = layOutOrRefuse(it)
    if (arenas === undefined) return
    laidOut++
    const unused = it.sizeBytes - arenas.reduce((sum, arena) => sum + arena.size, 0)
    expect(judgements(it, arenas).filter((objection) => objection !== '')).toEqual([])
    expect(unused).toBeLessThan(16 * MiB)
  })
  fc.assert(property, { numRuns: 2000 })
  expect(laidOut).toBeGreaterThan(500)
})
