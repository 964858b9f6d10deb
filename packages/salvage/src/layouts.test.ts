/** Images of which no info block survives, and what is known of them by hand. */
import { expect, test } from 'vitest'
import { kernelImage, poolImage } from '@bttkit/fixtures'
import { FLOG_GROUP_BYTES } from '@bttkit/btt-format'
import type { InfoByHand } from './index.ts'
import {
  ARENA_BYTES,
  INFO_OFFSET,
  faultsOf,
  infoAt,
  salvageBytes,
  sectorsOf,
  smallImage,
  twoArenas,
  wipeInfo,
  type Salvaged,
} from './salvage.test-support.ts'

const NONE = { foreign: [], hidden: [] }

const IMAGES: [name: string, bytes: () => Uint8Array, offset: number][] = [
  ['v11-4096', () => kernelImage('v11-4096').bytes(), 4096],
  ['v11-520', () => kernelImage('v11-520').bytes(), 4096],
  ['v20-4096', () => kernelImage('v20-4096').bytes(), 0],
  ['blk-520', () => poolImage('blk-520').bytes(), 8192],
  ['crash-4096', () => poolImage('crash-4096').bytes(), 8192],
]

function sourcesOf({ sink }: Salvaged): string[] {
  return sink.arenas.map(({ source }) => source)
}

/** How many sectors are handed out with a content of their own that is claimed to be right. */
function claimed({ report: { sectors } }: Salvaged): number {
  return sectors.certain + sectors.likely
}

test.each(IMAGES)('%s without info blocks: the layout is inferred', (_name, make, offset) => {
  const bytes = make()
  const base = sectorsOf(bytes.slice())
  const before = claimed(salvageBytes(bytes))
  wipeInfo(bytes, offset)
  const salvaged = salvageBytes(bytes)
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(sourcesOf(salvaged)).toEqual(['inferred'])
  expect(salvaged.report.sectors).toMatchObject({ certain: 0, likely: before })
})

test('without info blocks and with a part of flog and map destroyed, the layout is still found', () => {
  const bytes = kernelImage('v11-4096').bytes()
  const base = sectorsOf(bytes.slice())
  const info = infoAt(bytes, INFO_OFFSET)
  wipeInfo(bytes, INFO_OFFSET)
  const flog = INFO_OFFSET + info.logoff
  bytes.fill(0, flog, flog + 100 * FLOG_GROUP_BYTES)
  bytes.fill(0xff, INFO_OFFSET + info.mapoff, INFO_OFFSET + info.mapoff + 512)
  const salvaged = salvageBytes(bytes)
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(salvaged.sink.arenas[0]?.info.mapoff).toBe(info.mapoff)
  expect(salvaged.report.sectors.lost).toBe(128)
})

test('without info blocks and flog the map alone tells the layout', () => {
  const bytes = kernelImage('v11-4096').bytes()
  const base = sectorsOf(bytes.slice())
  const info = infoAt(bytes, INFO_OFFSET)
  wipeInfo(bytes, INFO_OFFSET)
  bytes.fill(0, INFO_OFFSET + info.logoff, INFO_OFFSET + info.info2off)
  const salvaged = salvageBytes(bytes)
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(salvaged.sink.arenas[0]?.info.mapoff).toBe(info.mapoff)
  expect(claimed(salvaged)).toBeGreaterThan(3000)
})

test('where nothing tells the layout nothing is begun', () => {
  const bytes = smallImage(4096)
  const info = infoAt(bytes, INFO_OFFSET)
  wipeInfo(bytes, INFO_OFFSET)
  bytes.fill(0, INFO_OFFSET + info.mapoff, INFO_OFFSET + info.info2off)
  expect(() => salvageBytes(bytes)).toThrow(expect.objectContaining({ code: 'BTT_NOT_FOUND' }))
})

const small = smallImage(4096)
const base = sectorsOf(small.slice())
const smallInfo = infoAt(small, INFO_OFFSET)
const wiped = small.slice()
wipeInfo(wiped, INFO_OFFSET)

test('an nfree that nobody knows is that of the groups of the flog', () => {
  const salvaged = salvageBytes(wiped)
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(salvaged.sink.arenas[0]).toMatchObject({
    source: 'inferred',
    info: { nfree: 4 },
    fit: { damages: 0 },
  })
})

test.each<[InfoByHand]>([
  [{ nfree: 4 }],
  [{ offset: INFO_OFFSET, sectorSize: 4096, nfree: 4 }],
  [{ offset: INFO_OFFSET, size: ARENA_BYTES, externalLbasize: 4096, internalLbasize: 4096, nfree: 4 }],
  [{ nfree: 4, externalNlba: smallInfo.externalNlba, mapoff: smallInfo.mapoff, logoff: smallInfo.logoff }],
])('values by hand that are right: %j', (hand) => {
  const salvaged = salvageBytes(wiped, { infoBlocks: [hand] })
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(sourcesOf(salvaged)).toEqual(['by-hand'])
  expect(salvaged.report.sectors).toMatchObject({ likely: 200, lost: 0 })
  expect(salvaged.report.isComplete).toBe(true)
})

test.each<[InfoByHand]>([
  [{ nfree: 65 }],
  [{ nfree: 4, sectorSize: 512 }],
  [{ nfree: 4, externalLbasize: 4160 }],
  [{ nfree: 4, mapoff: smallInfo.mapoff - 4096, internalNlba: smallInfo.internalNlba - 1 }],
  [{ nfree: 4, dataoff: 8192, internalNlba: smallInfo.internalNlba - 1 }],
  [{ nfree: 4, size: ARENA_BYTES - 4096 }],
  [{ nfree: 4, offset: 0 }],
])('values by hand that are wrong: %j claim nothing, and what contradicts them is told', (hand) => {
  const salvaged = salvageBytes(wiped, { infoBlocks: [hand] })
  expect(claimed(salvaged)).toBe(0)
  expect(salvaged.sink.arenas[0]?.fit.contradictions).not.toEqual([])
})

test('what fits better than values by hand is told', () => {
  const bytes = kernelImage('v11-4096').bytes()
  const { externalNlba } = infoAt(bytes, INFO_OFFSET)
  const { sink } = salvageBytes(bytes, { infoBlocks: [{ sectorSize: 512 }] })
  expect(sink.arenas[0]?.source).toBe('by-hand')
  expect(sink.arenas[0]?.others[0]).toMatchObject({ info: { externalNlba }, fit: { damages: 0 } })
})

test.each<[InfoByHand]>([
  [{ nfree: 65_536, sectorSize: 4096, size: 2 ** 52 }],
  [{ externalNlba: 2 ** 30 - 1, internalNlba: 2 ** 30, nfree: 1 }],
  [{ internalLbasize: 2 ** 40, nfree: 4 }],
  [{ externalLbasize: 2 ** 30, nfree: 4 }],
  [{ offset: 2 ** 52 }],
  [{ mapoff: Number.MAX_SAFE_INTEGER, nfree: 4 }],
  [{ logoff: 1, nfree: 4 }],
  [{ sectorSize: 512, externalLbasize: 4096 }],
  [{ nfree: 0 }],
  [{ nfree: 1.5 }],
  [{ nfree: Number.NaN }],
  [{ uuid: 'x' }],
])('values by hand that cannot be: %j are refused', (hand) => {
  expect(() => salvageBytes(wiped, { infoBlocks: [hand] })).toThrow(
    expect.objectContaining({ code: 'BTT_LAYOUT' }),
  )
})

const both = twoArenas(4096)
const bothBase = sectorsOf(both.slice())
const SECOND = INFO_OFFSET + ARENA_BYTES

test('a later arena without info blocks is laid out as it fits the first', () => {
  const bytes = both.slice()
  wipeInfo(bytes, SECOND)
  const salvaged = salvageBytes(bytes)
  expect(faultsOf(salvaged, [bothBase])).toEqual(NONE)
  expect(sourcesOf(salvaged)).toEqual(['primary', 'other-arena'])
  expect(salvaged.report.sectors).toMatchObject({ certain: 200, likely: 200 })
})

test('an arena to which no other leads is found', () => {
  const bytes = both.slice()
  bytes.set(small.subarray(INFO_OFFSET, INFO_OFFSET + 4096), INFO_OFFSET)
  bytes.set(small.subarray(INFO_OFFSET, INFO_OFFSET + 4096), INFO_OFFSET + smallInfo.info2off)
  const salvaged = salvageBytes(bytes)
  expect(faultsOf(salvaged, [bothBase])).toEqual(NONE)
  expect(salvaged.report.sectors.certain).toBe(400)
})

test.each<[string, InfoByHand[]]>([
  ['by its size', [{ size: ARENA_BYTES }, {}]],
  [
    'by the place of the second',
    [
      { nfree: 4, size: ARENA_BYTES },
      { nfree: 4, offset: SECOND },
    ],
  ],
  ['by nextoff', [{ size: ARENA_BYTES, nextoff: ARENA_BYTES }]],
])('both arenas without info blocks, the first one given by hand, %s', (_name, infoBlocks) => {
  const bytes = both.slice()
  wipeInfo(bytes, SECOND)
  wipeInfo(bytes, INFO_OFFSET)
  const salvaged = salvageBytes(bytes, { infoBlocks })
  expect(faultsOf(salvaged, [bothBase])).toEqual(NONE)
  expect(salvaged.report.sectors.likely).toBe(400)
})
