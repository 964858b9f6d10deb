/** Taking a repair back: byte for byte, from every stop, and only where it was. */
import { expect, test } from 'vitest'
import { encodeInfoBlock } from '@bttkit/btt-format'
import { FaultLayer, ReadOnlyLayer } from '@bttkit/pmem-layers'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { INFO_OFFSET, engine, infoOf, smallImage, storeInfo, twoArenas } from './image.test-support.ts'
import {
  applyRepair,
  decodeUndo,
  encodeUndo,
  planRepair,
  restoreUndo,
  undoOf,
  type RepairOptions,
} from './index.ts'
import { Damage, repairBytes } from './repair.test-support.ts'

const pristine = smallImage(4160)

/** Wrong in each structure, so that each kind of store is needed. */
function damagedImage(): Uint8Array {
  const bytes = pristine.slice()
  const damage = new Damage(bytes)
  damage.interrupt(1).setFlogWord(0, 3, 9).share(9, 10).setEntry(12, 0xffff_ffff).setFlogWord(2, 13, 1)
  damage.fill(damage.info.info2off, 100)
  return bytes
}

const OPTIONS: RepairOptions = { duplicates: 'both-readable' }

/** The content of an undo file of a repair that is not applied yet. */
function undoFileOf(bytes: Uint8Array): Uint8Array {
  const provider = new MemoryProvider({ bytes }, 'image')
  return encodeUndo(runAtomic(undoOf(provider, runAtomic(planRepair(provider, OPTIONS)))))
}

const restore = (bytes: Uint8Array, file: Uint8Array): number =>
  runAtomic(restoreUndo(new MemoryProvider({ bytes }, 'image'), decodeUndo(file, 'undo')))

function repaired(): { bytes: Uint8Array; file: Uint8Array } {
  const bytes = damagedImage()
  const file = undoFileOf(bytes)
  expect(repairBytes(bytes, OPTIONS).after).toBe('clean')
  return { bytes, file }
}

test('every byte is as it was', () => {
  const { bytes, file } = repaired()
  expect(Buffer.compare(bytes, damagedImage())).not.toBe(0)
  expect(restore(bytes, file)).toBeGreaterThan(0)
  expect(Buffer.compare(bytes, damagedImage())).toBe(0)
})

test('from every store at which the repair stopped, and twice', () => {
  const file = undoFileOf(damagedImage())
  const plan = runAtomic(planRepair(new MemoryProvider({ bytes: damagedImage() }), OPTIONS))
  const bytes = damagedImage()
  const before = damagedImage()
  const stores = plan.stages.flat()
  expect(stores.length).toBeGreaterThan(8)
  for (const count of stores.keys()) {
    for (const { offset, bytes: stored } of stores.slice(0, count + 1)) bytes.set(stored, offset)
    restore(bytes, file)
    restore(bytes, file)
    expect(Buffer.compare(bytes, before)).toBe(0)
  }
})

test('also where the repair gives a BTT its UUID back', () => {
  const damaged = twoArenas(4160)
  const info = infoOf(damaged, INFO_OFFSET)
  const uuid = '99999999-2222-3333-4444-555555555555'
  damaged.set(encodeInfoBlock({ ...info, uuid }), INFO_OFFSET)
  const plan = runAtomic(planRepair(new MemoryProvider({ bytes: damaged })))
  expect(plan).toMatchObject({ after: 'clean', uuid: info.uuid })
  const file = undoFileOf(damaged)
  const bytes = damaged.slice()
  for (const stores of [[], plan.stages.flat()]) {
    for (const { offset, bytes: stored } of stores) bytes.set(stored, offset)
    restore(bytes, file)
    expect(Buffer.compare(bytes, damaged)).toBe(0)
  }
})

test('a repair can follow that ends the same', () => {
  const { bytes, file } = repaired()
  const after = bytes.slice()
  restore(bytes, file)
  repairBytes(bytes, OPTIONS)
  expect(Buffer.compare(bytes, after)).toBe(0)
})

function expectRefused(bytes: Uint8Array, file: Uint8Array, reason: RegExp): void {
  const before = bytes.slice()
  expect(() => restore(bytes, file)).toThrow(reason)
  expect(Buffer.compare(bytes, before)).toBe(0)
}

test('not when a sector was written since', () => {
  const { bytes, file } = repaired()
  const device = runAtomic(engine.attach(new MemoryProvider({ bytes })))
  runAtomic(device.sleepable.write(30, new Uint8Array(device.sectorSize).fill(1)))
  expectRefused(bytes, file, /changed since the repair/)
})

test('not when a sector was zeroed since, which changes nothing that was repaired', () => {
  const { bytes, file } = repaired()
  const device = runAtomic(engine.attach(new MemoryProvider({ bytes })))
  runAtomic(device.sleepable.zero(30, 1))
  expectRefused(bytes, file, /elsewhere than the repair changed it/)
})

test('not when a byte that was repaired is another one now', () => {
  const { bytes, file } = repaired()
  bytes[new Damage(bytes).entryAt(12)] = 0xee
  expectRefused(bytes, file, /changed since the repair, at byte/)
})

test('not on another BTT, nor on an image of another size', () => {
  const { bytes, file } = repaired()
  const other = bytes.slice()
  storeInfo(other, INFO_OFFSET, {
    ...infoOf(other, INFO_OFFSET),
    uuid: '99999999-2222-3333-4444-555555555555',
  })
  expectRefused(other, file, /another BTT/)
  expectRefused(new Uint8Array(bytes.length + 4096), file, /of an image of/)
})

test.each([
  ['that was cut short', (file: Uint8Array) => file.subarray(0, file.length - 1)],
  ['with a changed bit', (file: Uint8Array) => file.map((byte, i) => (i === 300 ? byte ^ 1 : byte))],
  ['that is something else', () => new Uint8Array(1000)],
  ['that is empty', () => new Uint8Array(0)],
])('an undo file %s is refused', (_what, change) => {
  const { bytes, file } = repaired()
  expectRefused(bytes, change(file), /undo file/)
})

test('an undo file that contradicts itself is refused, though its checksum is right', () => {
  const { bytes, file } = repaired()
  const undo = decodeUndo(file, 'undo')
  const beyond = undo.ranges.map((range) => ({ ...range, offset: range.offset + bytes.length }))
  expectRefused(bytes, encodeUndo({ ...undo, ranges: beyond }), /beyond/)
  const negative = undo.ranges.map((range) => ({ ...range, offset: -8 }))
  expectRefused(bytes, encodeUndo({ ...undo, ranges: negative }), /contradicts itself/)
})

test('storage that is read-only is refused before anything is read', () => {
  const provider = new ReadOnlyLayer(new MemoryProvider({ bytes: damagedImage() }))
  const plan = runAtomic(planRepair(provider, OPTIONS))
  expect(plan.stages.length).toBeGreaterThan(0)
  expect(() => runAtomic(undoOf(provider, plan))).toThrow(/for reading only/)
  expect(() => runAtomic(applyRepair(provider, plan))).toThrow(/for reading only/)
})

test('lost parts of flog and map are made good as a whole, and not put back', () => {
  const bytes = pristine.slice()
  const { info } = new Damage(bytes)
  const mediaErrors = [
    { offset: INFO_OFFSET + info.logoff, length: 1 },
    { offset: INFO_OFFSET + info.mapoff + 512, length: 1 },
  ]
  const provider = new FaultLayer(new MemoryProvider({ bytes }), { mediaErrors })
  const plan = runAtomic(planRepair(provider))
  expect(plan).toMatchObject({ before: 'damaged', after: 'clean' })
  const undo = runAtomic(undoOf(provider, plan))
  runAtomic(applyRepair(provider, plan))
  expect(provider.badBlocks()).toEqual([])
  expect(runAtomic(planRepair(provider))).toMatchObject({ before: 'clean', stages: [] })
  expect(runAtomic(restoreUndo(provider, decodeUndo(encodeUndo(undo), 'undo')))).toBe(0)
})
