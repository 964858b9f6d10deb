/** Repairs of BTTs of several arenas, and of info blocks of which one copy is right. */
import { expect, test } from 'vitest'
import { FLAG_ERROR, INFO_BLOCK_BYTES, encodeInfoBlock } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import {
  ARENA_BYTES,
  INFO_OFFSET,
  check,
  engine,
  infoOf,
  smallImage,
  storeInfo,
  twoArenas,
} from './image.test-support.ts'
import { Damage, repairBytes } from './repair.test-support.ts'

const SECOND = INFO_OFFSET + ARENA_BYTES
const OTHER_UUID = 'aaaaaaaa-0000-4000-8000-bbbbbbbbbbbb'
const intact = twoArenas(4160)
const info = infoOf(intact, INFO_OFFSET)

function sectorCount(bytes: Uint8Array): number {
  return runAtomic(engine.attach(new MemoryProvider({ bytes }))).sectorCount
}

/** That a repair makes of a damaged image the one that it was, byte for byte. */
function expectRestored(bytes: Uint8Array): void {
  expect(repairBytes(bytes)).toMatchObject({ before: 'damaged', after: 'clean' })
  expect(Buffer.compare(bytes, intact)).toBe(0)
}

test('an arena of which both info blocks are lost is what flog and map say', () => {
  const bytes = intact.slice()
  bytes.fill(0, SECOND, SECOND + INFO_BLOCK_BYTES)
  bytes.fill(0, SECOND + info.info2off)
  expectRestored(bytes)
})

test('an arena with another UUID gets that of the first', () => {
  const bytes = intact.slice()
  storeInfo(bytes, SECOND, { ...infoOf(bytes, SECOND), uuid: OTHER_UUID })
  expectRestored(bytes)
})

test('unless the backup of the first says that it is the first that is wrong', () => {
  const bytes = intact.slice()
  bytes.set(encodeInfoBlock({ ...info, uuid: OTHER_UUID }), INFO_OFFSET)
  expectRestored(bytes)
})

test('an arena that none leads to is joined again', () => {
  const bytes = intact.slice()
  storeInfo(bytes, INFO_OFFSET, { ...info, nextoff: 0 })
  expect(sectorCount(bytes.slice())).toBe(info.externalNlba)
  expectRestored(bytes)
})

test('a primary that is laid out as nobody does it does not take the place of a backup that is right', () => {
  const bytes = intact.slice()
  bytes.set(encodeInfoBlock({ ...info, dataoff: info.dataoff + 1 }), INFO_OFFSET)
  expectRestored(bytes)
})

test('where both copies are laid out so, and everything is in order, they stay', () => {
  const bytes = intact.slice()
  storeInfo(bytes, INFO_OFFSET, { ...info, internalLbasize: info.internalLbasize + 1 })
  const before = bytes.slice()
  expect(repairBytes(bytes).withheld).toEqual([expect.objectContaining({ code: 'info-layout', arena: 0 })])
  expect(Buffer.compare(bytes, before)).toBe(0)
})

test('the error flag goes when nothing else is wrong any more, and stays when something is', () => {
  const bytes = smallImage(4160)
  const damage = new Damage(bytes)
  storeInfo(bytes, INFO_OFFSET, { ...damage.info, flags: FLAG_ERROR })
  damage.share(9, 10)
  const { withheld } = repairBytes(bytes)
  expect(withheld.map(({ code }) => code)).toEqual(['map-duplicate', 'info-error-flag'])
  expect(check(bytes).report.findingsByCode).toHaveProperty('info-error-flag')
  expect(repairBytes(bytes, { duplicates: 'error' })).toMatchObject({ after: 'clean', withheld: [] })
})

test('a BTT that is not aligned is left alone', () => {
  const shifted = new Uint8Array(intact.length + 64)
  shifted.set(intact, 64)
  shifted.fill(0, 64 + SECOND + info.info2off)
  const before = shifted.slice()
  const plan = repairBytes(shifted, { namespaceOffset: INFO_OFFSET + 64 })
  expect(plan.withheld.map(({ code }) => code)).toEqual(['arena-position'])
  expect(Buffer.compare(shifted, before)).toBe(0)
})
