import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  UNIT_BYTES,
  contentRuns,
  differingRuns,
  fillSector,
  isZero,
  readWhole,
  type Stamp,
} from './sector-pattern.ts'

const mine: Stamp = { worker: 3, task: 700, generation: 41, lba: 9 }
const other: Stamp = { worker: 0, task: 2, generation: 5, lba: 2 ** 40 + 17 }
const empty = (): Stamp => ({ worker: 0, task: 0, generation: 0, lba: 0 })

function sector(length: number, stamp?: Stamp): DataView {
  const view = new DataView(new ArrayBuffer(length))
  if (stamp !== undefined) fillSector(view, 0, length, stamp)
  return view
}

const SIZES = [512, 520, 528, 4096, 513, 1000]

test.each(SIZES)('a whole sector of %i bytes names its write', (length) => {
  for (const stamp of [mine, other]) {
    const read = empty()
    expect(readWhole(sector(length, stamp), 0, length, read)).toBe(true)
    expect(read).toEqual(stamp)
    expect(contentRuns(sector(length, stamp), 0, length)).toEqual([{ offset: 0, length, content: stamp }])
  }
})

test('every byte of a sector counts: one that is changed makes it no whole write', () => {
  const length = 520
  for (let at = 0; at < length; at++) {
    const view = sector(length, mine)
    view.setUint8(at, view.getUint8(at) ^ 1)
    expect(readWhole(view, 0, length, empty()), `byte ${at}`).toBe(false)
    const unknown = contentRuns(view, 0, length).filter(({ content }) => content === 'unknown')
    expect(unknown.every(({ offset, length: size }) => at >= offset && at < offset + size)).toBe(true)
    expect(unknown).toHaveLength(1)
  }
})

test('numbers at the ends of their ranges come back', () => {
  fc.assert(
    fc.property(
      fc.record({
        worker: fc.integer({ min: 0, max: 65_535 }),
        task: fc.integer({ min: 0, max: 65_535 }),
        generation: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        lba: fc.maxSafeNat(),
      }),
      (stamp) => {
        const read = empty()
        expect(readWhole(sector(512, stamp), 0, 512, read)).toBe(true)
        expect(read).toEqual(stamp)
      },
    ),
  )
})

test('zeros are no write, and are known as zeros', () => {
  for (const length of SIZES) {
    const view = sector(length)
    expect(isZero(view, 0, length)).toBe(true)
    expect(readWhole(view, 0, length, empty())).toBe(false)
    expect(contentRuns(view, 0, length)).toEqual([{ offset: 0, length, content: 'zeros' }])
    view.setUint8(length - 1, 1)
    expect(isZero(view, 0, length)).toBe(false)
  }
})

test('a torn sector tells its parts and who wrote each', () => {
  const view = sector(512, mine)
  const bytes = new Uint8Array(view.buffer)
  bytes.set(new Uint8Array(sector(512, other).buffer).subarray(256, 384), 256)
  bytes.fill(0, 384, 416)
  bytes.fill(0xee, 416, 448)
  expect(readWhole(view, 0, 512, empty())).toBe(false)
  expect(contentRuns(view, 0, 512)).toEqual([
    { offset: 0, length: 256, content: mine },
    { offset: 256, length: 128, content: other },
    { offset: 384, length: 32, content: 'zeros' },
    { offset: 416, length: 32, content: 'unknown' },
    { offset: 448, length: 64, content: mine },
  ])
})

test('where two writes meet within a unit, every byte has its writer', () => {
  const view = sector(512, mine)
  new Uint8Array(view.buffer).set(new Uint8Array(sector(512, other).buffer).subarray(77, 300), 77)
  new Uint8Array(view.buffer).fill(0, 405)
  expect(contentRuns(view, 0, 512)).toEqual([
    { offset: 0, length: expect.any(Number), content: mine },
    { offset: expect.any(Number), length: expect.any(Number), content: other },
    { offset: expect.any(Number), length: expect.any(Number), content: mine },
    { offset: expect.any(Number), length: expect.any(Number), content: 'zeros' },
  ])
  const bytes = new Uint8Array(view.buffer)
  for (const { offset, length, content } of contentRuns(view, 0, 512)) {
    const whole = content === 'zeros' ? sector(512) : sector(512, content === 'unknown' ? other : content)
    expect(bytes.subarray(offset, offset + length)).toEqual(
      new Uint8Array(whole.buffer).subarray(offset, offset + length),
    )
  }
})

test('a unit that its neighbours do not explain stays unknown', () => {
  const view = sector(512, mine)
  new Uint8Array(view.buffer).set(new Uint8Array(sector(512, other).buffer).subarray(77, 300), 77)
  view.setUint8(70, 0xee)
  expect(contentRuns(view, 0, 512)[1]).toEqual({ offset: 64, length: 32, content: 'unknown' })
})

test('two writes that differ in their generation only are two', () => {
  const view = sector(512, mine)
  const newer = { ...mine, generation: 42 }
  new Uint8Array(view.buffer).set(new Uint8Array(sector(512, newer).buffer).subarray(480), 480)
  expect(readWhole(view, 0, 512, empty())).toBe(false)
  expect(contentRuns(view, 0, 512)).toEqual([
    { offset: 0, length: 480, content: mine },
    { offset: 480, length: 32, content: newer },
  ])
})

test('a rest that is not the rest of this write is unknown', () => {
  const view = sector(520, mine)
  new Uint8Array(view.buffer).set(new Uint8Array(sector(520, other).buffer).subarray(512), 512)
  expect(readWhole(view, 0, 520, empty())).toBe(false)
  expect(contentRuns(view, 0, 520).at(-1)).toEqual({ offset: 512, length: 8, content: 'unknown' })
})

test('a unit at another place of its sector is unknown', () => {
  const view = sector(512, mine)
  new Uint8Array(view.buffer).copyWithin(64, 0, UNIT_BYTES)
  expect(contentRuns(view, 0, 512)[1]).toEqual({ offset: 64, length: 32, content: 'unknown' })
})

test('only what differs from the expected bytes is told, in pieces where those part it', () => {
  const expected = sector(512, mine)
  const actual = sector(512, other)
  new Uint8Array(actual.buffer).set(new Uint8Array(expected.buffer).subarray(64, 128), 64)
  expect(differingRuns(actual, expected, 0, 512)).toEqual([
    { offset: 0, length: 64, content: other },
    { offset: 128, length: 384, content: other },
  ])
  expect(differingRuns(expected, expected, 0, 512)).toEqual([])
})

test('bytes that were expected to be torn are no difference', () => {
  const expected = sector(512, mine)
  new Uint8Array(expected.buffer).set(new Uint8Array(sector(512, other).buffer).subarray(50, 101), 50)
  const actual = new DataView(expected.buffer.slice(0))
  expect(differingRuns(actual, expected, 0, 512)).toEqual([])
})
