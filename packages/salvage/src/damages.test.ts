/** Damages of the map, the flog and the medium: what they take, and nothing else. */
import { expect, test } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import { FLOG_GROUP_BYTES, MAP_ENTRY_BYTES, mapBlock, normalEntry, zeroEntry } from '@bttkit/btt-format'
import { FaultLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import {
  INFO_OFFSET,
  WRITTEN_SECTORS,
  faultsOf,
  infoAt,
  salvageBytes,
  salvageFrom,
  sectorsOf,
  smallImage,
  type Salvaged,
} from './salvage.test-support.ts'

const NONE = { foreign: [], hidden: [] }
const small = smallImage(4096)
const info = infoAt(small, INFO_OFFSET)
const base = sectorsOf(small.slice())

const entryAt = (premap: number): number => INFO_OFFSET + info.mapoff + premap * MAP_ENTRY_BYTES
const blockOf = (premap: number): number =>
  mapBlock(new DataView(small.buffer).getUint32(entryAt(premap), true), premap)

/** The small image with other map entries. */
function withEntries(entries: Readonly<Record<number, number>>): Uint8Array {
  const bytes = small.slice()
  const view = new DataView(bytes.buffer)
  for (const [premap, entry] of Object.entries(entries)) view.setUint32(entryAt(Number(premap)), entry, true)
  return bytes
}

function certaintiesOf({ sink }: Salvaged, lbas: readonly number[]): (string | undefined)[] {
  return lbas.map((lba) => sink.runOf(lba)?.certainty)
}

test('sectors that share a block: its content is kept once, and each of them is named', () => {
  const salvaged = salvageBytes(withEntries({ 7: normalEntry(blockOf(50)), 90: normalEntry(blockOf(50)) }))
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(certaintiesOf(salvaged, [7, 50, 90])).toEqual(['duplicate', 'duplicate', 'duplicate'])
  const kept = salvaged.sink.blocks.find(({ why }) => why === 'duplicate')
  expect(kept).toMatchObject({ block: blockOf(50), lbas: [7, 50, 90], holders: 3 })
  expect(salvaged.sink.blockAt(kept?.at ?? -1)).toEqual(base[50])
  const lost = salvaged.sink.blocks.filter(({ why }) => why === 'unreferenced')
  expect(lost.map(({ block }) => block)).toEqual([blockOf(7), blockOf(90)].toSorted((a, b) => a - b))
})

test('of sectors that share a block the one keeps it of which the flog says so, too', () => {
  const last = WRITTEN_SECTORS - 1
  const salvaged = salvageBytes(withEntries({ 7: normalEntry(blockOf(last)) }))
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(salvaged.sink.runOf(last)).toMatchObject({ certainty: 'likely', reason: 'confirmed-by-flog' })
  expect(salvaged.sink.runOf(7)).toMatchObject({ certainty: 'lost', reason: 'block-of-another' })
})

test('a sector whose entry names the block of one that is zeroed is not called likely: that block has the content of before', () => {
  const salvaged = salvageBytes(withEntries({ 50: zeroEntry(blockOf(50)), 7: normalEntry(blockOf(50)) }))
  expect(certaintiesOf(salvaged, [7, 50])).toEqual(['duplicate', 'zeroed'])
})

test('a sector whose entry names a free block is not called likely', () => {
  const free = info.internalNlba - info.nfree
  const lane = salvageBytes(small).sink.blocks.find(({ why }) => why === 'free')
  const salvaged = salvageBytes(withEntries({ 7: normalEntry(lane?.block ?? free) }))
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(salvaged.sink.runOf(7)).toMatchObject({ certainty: 'duplicate', reason: 'shared-with-lane' })
})

test('an entry that lost its flags: the block that it names is told, and its content kept', () => {
  const salvaged = salvageBytes(withEntries({ 7: blockOf(7) }))
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(salvaged.sink.runOf(7)).toMatchObject({ certainty: 'lost', count: 1, block: blockOf(7) })
})

test('damages that no single fault makes: entries exchanged by chance are the only ones that go unseen', () => {
  const random = randomNumbers(1)
  for (let round = 0; round < 20; round++) {
    const entries: Record<number, number> = {}
    for (let i = 0; i < 12; i++) entries[random() % WRITTEN_SECTORS] = normalEntry(random() % WRITTEN_SECTORS)
    for (let i = 0; i < 4; i++) entries[random() % WRITTEN_SECTORS] = 0
    const salvaged = salvageBytes(withEntries(entries))
    const { foreign, hidden } = faultsOf(salvaged, [base])
    expect(hidden).toEqual([])
    expect(foreign.filter((lba) => entries[lba] === undefined)).toEqual([])
    expect(foreign.map((lba) => salvaged.sink.runOf(lba)?.certainty)).not.toContain('certain')
  }
})

/** Whole numbers that look random, the same at each run. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 8
  }
}

test.each([0, 1, 2, 3])('page %i of the map is zeroed', (page) => {
  const bytes = kernelImage('v11-4096').bytes()
  const held = sectorsOf(bytes.slice())
  const { mapoff } = infoAt(bytes, INFO_OFFSET)
  bytes.fill(0, INFO_OFFSET + mapoff + page * 4096, INFO_OFFSET + mapoff + (page + 1) * 4096)
  expect(faultsOf(salvageBytes(bytes), [held])).toEqual(NONE)
})

test('the whole map is zeroed: each content is kept', () => {
  const bytes = small.slice()
  bytes.fill(0, INFO_OFFSET + info.mapoff, INFO_OFFSET + info.logoff)
  const salvaged = salvageBytes(bytes)
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(salvaged.report.sectors.certain).toBe(0)
})

test('an interrupted write: the new content is the sector’s, and the old one is kept', () => {
  const bytes = small.slice()
  const [group] = [0, 1, 2, 3].map((lane) => INFO_OFFSET + info.logoff + lane * FLOG_GROUP_BYTES)
  const view = new DataView(bytes.buffer)
  const slot = [0, 16].find(
    (at) => view.getUint32((group ?? 0) + at + 8, true) === blockOf(lastOf(view, group ?? 0, at)),
  )
  const at = (group ?? 0) + (slot ?? 0)
  const [lba, oldBlock, newBlock] = [0, 4, 8].map((field) => view.getUint32(at + field, true))
  view.setUint32(entryAt(lba ?? 0), normalEntry(oldBlock ?? 0), true)
  const { sink, report } = salvageBytes(bytes)
  expect(sink.writes).toEqual([
    expect.objectContaining({ lane: 0, lba, oldBlock, newBlock, before: 'normal' }),
  ])
  expect(sink.sector(lba ?? 0)).toEqual(base[lba ?? 0])
  const old = INFO_OFFSET + info.dataoff + (oldBlock ?? 0) * info.internalLbasize
  expect(sink.blockAt(sink.writes[0]?.oldAt ?? -1)).toEqual(small.subarray(old, old + 4096))
  expect(report.sectors.certain).toBe(WRITTEN_SECTORS)
})

/** The sector that a slot of the flog names. */
function lastOf(view: DataView, group: number, at: number): number {
  return view.getUint32(group + at, true)
}

/** The small image on a medium that has lost some of it. */
function salvageWithout(offset: number, length: number): Salvaged {
  const memory = new MemoryProvider({ bytes: small.slice(), readOnly: true })
  return salvageFrom(new FaultLayer(memory, { mediaErrors: [{ offset, length }] }))
}

test('a lost unit of a block takes 512 bytes of one sector', () => {
  const offset = INFO_OFFSET + info.dataoff + blockOf(20) * info.internalLbasize + 1024
  const { sink, report } = salvageWithout(offset, 512)
  expect(sink.runOf(20)).toEqual({
    lba: 20,
    count: 1,
    certainty: 'unreadable',
    lost: [{ offset, length: 512 }],
  })
  const held = base[20]
  const expected = held instanceof Uint8Array ? held.slice().fill(0, 1024, 1536) : held
  expect(sink.sector(20)).toEqual(expected)
  expect(report.sectors).toMatchObject({ certain: WRITTEN_SECTORS - 1, unreadable: 1 })
  expect(report.isComplete).toBe(false)
})

test('a lost unit of the map takes the places of its sectors, and not their contents', () => {
  const salvaged = salvageWithout(entryAt(0), 512)
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(salvaged.sink.runOf(0)).toMatchObject({ count: 128, certainty: 'lost', reason: 'entry-unreadable' })
  expect(salvaged.report.sectors).toMatchObject({ certain: 0, likely: WRITTEN_SECTORS - 128 })
})

test.each([
  ['the flog', info.logoff],
  ['the primary info block', 0],
  ['the backup', info.info2off],
])('a lost unit of %s takes no sector', (_name, at) => {
  const salvaged = salvageWithout(INFO_OFFSET + at, 512)
  expect(faultsOf(salvaged, [base])).toEqual(NONE)
  expect(salvaged.report.sectors.lost + salvaged.report.sectors.unreadable).toBe(0)
})

test('metadata is handed out behind each sector when it is asked for', () => {
  const bytes = kernelImage('v11-520').bytes()
  const { dataoff, internalLbasize, mapoff } = infoAt(bytes, INFO_OFFSET)
  const { sink } = salvageBytes(bytes, { includeMetadata: true })
  const block = mapBlock(new DataView(bytes.buffer).getUint32(INFO_OFFSET + mapoff, true), 0)
  const at = INFO_OFFSET + dataoff + block * internalLbasize
  expect(sink.device).toMatchObject({ sectorSize: 512, metadataSize: 8 })
  expect(sink.sector(0)).toEqual(bytes.subarray(at, at + 520))
})
