/** Sectors of less than a page that are marked as zero: legal, and misread by Linux. */
import { expect, test } from 'vitest'
import { POOL_BTT_OFFSET, mapBlock, zeroEntry } from '@bttkit/btt-format'
import { poolImage } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { check, engine, infoOf, smallImage, twoArenas, type Checked } from './image.test-support.ts'
import { Damage } from './repair.test-support.ts'

const zeroEntries = ({ findings }: Checked): unknown[] =>
  findings
    .filter(({ code }) => code === 'zero-entries')
    .map(({ arena, lba, offset }) => ({ arena, lba, offset }))

test.each([512, 520, 528])('sectors of %d bytes: counted, with the first; the image is clean', (lbasize) => {
  const image = smallImage(lbasize)
  const checked = check(image)
  expect(checked.report.verdict).toBe('clean')
  expect(zeroEntries(checked)).toEqual([{ arena: 0, lba: 3, offset: new Damage(image).entryAt(3) }])
  expect(checked.findings).toContainEqual(expect.objectContaining({ code: 'zero-entries', count: 2 }))
})

test('of each arena', () => {
  const { findings, report } = check(twoArenas(512))
  const lbas = findings.filter(({ code }) => code === 'zero-entries').map(({ lba }) => lba)
  const [first] = report.arenas
  expect(lbas).toEqual([3, 3 + Object.values(first?.sectors ?? {}).reduce((sum, count) => sum + count, 0)])
})

test('a sector of a page is alone in it', () => {
  expect(zeroEntries(check(smallImage(4096)))).toEqual([])
})

test('nor is it said of pools, which Linux does not read', () => {
  const pool = poolImage('one-write-512').bytes()
  const view = new DataView(pool.buffer, POOL_BTT_OFFSET + infoOf(pool, POOL_BTT_OFFSET).mapoff)
  view.setUint32(0, zeroEntry(mapBlock(view.getUint32(0, true), 0)), true)
  const checked = check(pool)
  expect(checked.report).toMatchObject({ verdict: 'clean', arenas: [{ sectors: { zero: 1 } }] })
  expect(zeroEntries(checked)).toEqual([])
})

test('zeroing them again makes it good', () => {
  const bytes = smallImage(512)
  const device = runAtomic(engine.attach(new MemoryProvider({ bytes })))
  runAtomic(device.sleepable.zero(3, 2))
  runAtomic(device.sleepable.close())
  expect(check(bytes).report).toMatchObject({ verdict: 'clean', findingsByCode: {} })
})
