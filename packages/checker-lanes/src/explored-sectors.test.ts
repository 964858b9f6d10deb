import { expect, test } from 'vitest'
import { SECTOR_BYTES } from './explored-image.ts'
import {
  describeSector,
  isExplained,
  reading,
  sectorParts,
  writing,
  type SectorOperation,
} from './explored-sectors.ts'

const whole = { lba: 0, from: 0, to: SECTOR_BYTES, at: 0 }
const firstHalf = { lba: 0, from: 0, to: SECTOR_BYTES / 2, at: 0 }
const sector = (first: number, second = first): Uint8Array =>
  new Uint8Array(SECTOR_BYTES).fill(first).fill(second, SECTOR_BYTES / 2)

const at = (start: number, end: number, apply: SectorOperation['apply']): SectorOperation => ({
  start,
  end,
  apply,
})
const initial = sector(0)

test('a read during a write sees the old or the new content, and no mix', () => {
  const write = at(1, 9, writing(whole, 1))
  for (const [seen, isRight] of [
    [sector(0), true],
    [sector(1), true],
    [sector(1, 0), false],
    [sector(7), false],
  ] as const)
    expect(isExplained(initial, [write, at(2, 3, reading(whole, seen))])).toBe(isRight)
})

test('a read after a write sees it', () => {
  const write = at(1, 4, writing(whole, 1))
  expect(isExplained(initial, [write, at(5, 6, reading(whole, sector(1)))])).toBe(true)
  expect(isExplained(initial, [write, at(5, 6, reading(whole, sector(0)))])).toBe(false)
  expect(isExplained(initial, [write, at(4, 6, reading(whole, sector(0)))])).toBe(true)
})

test('a write of a part keeps the rest, whichever comes first', () => {
  const writes = [at(1, 9, writing(whole, 1)), at(1, 9, writing(firstHalf, 2))]
  for (const [end, isRight] of [
    [sector(2, 1), true],
    [sector(1, 1), true],
    [sector(2, 0), false],
  ] as const)
    expect(isExplained(initial, [...writes, at(10, 10, reading(whole, end))])).toBe(isRight)
})

test('a range is cut into its sectors', () => {
  expect(sectorParts(500, 600)).toEqual([
    { lba: 0, from: 500, to: 512, at: 0 },
    { lba: 1, from: 0, to: 512, at: 12 },
    { lba: 2, from: 0, to: 76, at: 524 },
  ])
  expect(sectorParts(512, 512)).toEqual([{ lba: 1, from: 0, to: 512, at: 0 }])
})

test('a sector in words', () => {
  expect(describeSector(sector(0x14, 0x83))).toBe('14 x 256, 83 x 256')
})

test('an operation that never ended may have happened or not, and cannot be taken back', () => {
  const write = at(1, Infinity, writing(whole, 1))
  const read = (time: number, seen: number): SectorOperation => at(time, time, reading(whole, sector(seen)))
  expect(isExplained(initial, [write, read(9, 0)])).toBe(true)
  expect(isExplained(initial, [write, read(9, 1)])).toBe(true)
  expect(isExplained(initial, [write, read(8, 0), read(9, 1)])).toBe(true)
  expect(isExplained(initial, [write, read(8, 1), read(9, 0)])).toBe(false)
})
