import { describe, expect, test } from 'vitest'
import { BadBlockError, ClosedError, ProviderIoError, type ByteRange } from '@bttkit/interfaces'
import { FaultLayer, OffsetLayer } from './index.ts'
import { BareProvider, bytesOf, FullProvider, waitThatEnds } from './recording-provider.test-support.ts'

function bad(offset: number, length: number): { inner: FullProvider; layer: FaultLayer } {
  const inner = new FullProvider()
  return { inner, layer: new FaultLayer(inner, { mediaErrors: [{ offset, length }] }) }
}

/** The bad units by their first bytes. */
const unitsOf = (layer: FaultLayer): number[] =>
  layer
    .badBlocks()
    .flatMap(({ offset, length }) =>
      Array.from({ length: Math.ceil(length / 512) }, (_, unit) => offset + unit * 512),
    )

test.each<[number, number, ByteRange[]]>([
  [512, 512, [{ offset: 512, length: 512 }]],
  [1023, 2, [{ offset: 512, length: 1024 }]],
  [600, 1, [{ offset: 512, length: 512 }]],
  [4095, 1, [{ offset: 3584, length: 512 }]],
  [600, 0, []],
  [512, 0, []],
])('an error at %d+%d makes whole units bad', (offset, length, expected) => {
  expect(bad(offset, length).layer.badBlocks()).toEqual(expected)
})

test('bad blocks are in order, and those that touch are one', () => {
  const layer = new FaultLayer(new FullProvider(), {
    mediaErrors: [2048, 0, 512, 3072].map((offset) => ({ offset, length: 1 })),
  })
  expect(layer.badBlocks()).toEqual([
    { offset: 0, length: 1024 },
    { offset: 2048, length: 512 },
    { offset: 3072, length: 512 },
  ])
})

test('bad blocks of the inner provider are among them', () => {
  const { inner, layer } = bad(512, 512)
  inner.bad = [
    { offset: 0, length: 1024 },
    { offset: 1024, length: 512 },
    { offset: 3072, length: 512 },
  ]
  expect(layer.badBlocks()).toEqual([
    { offset: 0, length: 1536 },
    { offset: 3072, length: 512 },
  ])
})

test('bad blocks are known also over a provider that knows none', () => {
  const layer = new FaultLayer(new BareProvider(), { mediaErrors: [{ offset: 0, length: 1 }] })
  expect(layer.badBlocks()).toEqual([{ offset: 0, length: 512 }])
})

test('bad blocks after the close fail', () => {
  const { layer } = bad(512, 512)
  layer.close()
  expect(() => layer.badBlocks()).toThrow(ClosedError)
})

test('a unit in which the storage ends is shorter, and is cleared by a write to its end', () => {
  const layer = new FaultLayer(new OffsetLayer(new FullProvider(), { offset: 0, size: 1000 }), {
    mediaErrors: [{ offset: 999, length: 1 }],
  })
  expect(layer.badBlocks()).toEqual([{ offset: 512, length: 488 }])
  layer.write(512, new Uint8Array(487))
  expect(unitsOf(layer)).toEqual([512])
  layer.write(512, new Uint8Array(488))
  expect(unitsOf(layer)).toEqual([])
})

test.each([
  [0, 512, false],
  [0, 513, true],
  [1023, 1, true],
  [700, 0, false],
  [1024, 8, false],
])('a read of %d+%d, where 512+512 is bad, fails: %s', (offset, length, fails) => {
  const { layer } = bad(512, 512)
  const read = (): unknown => layer.read(offset, new Uint8Array(length))
  if (!fails) expect(read()).toBeUndefined()
  else expect(read).toThrow(BadBlockError)
})

test('readInto fails as read does, with EIO and the unit’s place', () => {
  const { layer } = bad(512, 512)
  const expected = { errno: 'EIO', place: { image: 'bare', offset: 512 } }
  const read = (): unknown => layer.readInto?.(600, new Uint8Array(8), 0, 8)
  expect(read).toThrow(expect.objectContaining(expected))
})

describe.each<[string, (layer: FaultLayer, offset: number, length: number) => unknown]>([
  ['write', (layer, offset, length) => layer.write(offset, new Uint8Array(length))],
  ['writeFrom', (layer, offset, length) => layer.writeFrom?.(offset, new Uint8Array(length), 0, length)],
  ['writeMany', (layer, offset, length) => layer.writeMany?.([{ offset, source: new Uint8Array(length) }])],
  [
    'writeThrough',
    (layer, offset, length) => layer.writeThrough?.(offset, new Uint8Array(length), 0, length),
  ],
  ['zero', (layer, offset, length) => layer.zero?.(offset, length)],
])('%s', (_, write) => {
  test.each([
    [512, 512, []],
    [500, 600, []],
    [512, 511, [512]],
    [513, 511, [512]],
    [1024, 512, [512]],
  ])('of %d+%d leaves %o bad, of 512', (offset, length, expected) => {
    const { layer } = bad(512, 512)
    write(layer, offset, length)
    expect(unitsOf(layer)).toEqual(expected)
  })
})

test('a unit that a write cleared can be read', () => {
  const { layer } = bad(512, 512)
  layer.write(512, new Uint8Array(512).fill(4))
  const target = new Uint8Array(1)
  layer.read(700, target)
  expect(target[0]).toBe(4)
})

test('a write to a part of a bad unit is stored, and the unit stays bad', () => {
  const { inner, layer } = bad(512, 512)
  layer.write(512, Uint8Array.of(7))
  expect(bytesOf(inner, 512, 1)).toEqual([7])
  expect(() => layer.read(512, new Uint8Array(1))).toThrow(BadBlockError)
})

test('a write that waits clears when it is over', async () => {
  const { inner, layer } = bad(512, 512)
  inner.answer = () => waitThatEnds()
  const wait = layer.write(512, new Uint8Array(512))
  expect(unitsOf(layer)).toEqual([512])
  await wait
  expect(unitsOf(layer)).toEqual([])
})

test('a write that fails clears nothing', async () => {
  const { inner, layer } = bad(512, 512)
  inner.answer = () => waitThatEnds(new Error('the disk'))
  expect(() => layer.write(512, new Uint8Array(512))?.block?.()).toThrow('the disk')
  expect(unitsOf(layer)).toEqual([512])
})

test('a short write clears the units that it covered', () => {
  const faults = [{ on: 'write', effect: 'short', storedBytes: 600 }] as const
  const mediaErrors = [{ offset: 0, length: 1024 }]
  const layer = new FaultLayer(new FullProvider(), { faults, mediaErrors })
  expect(() => layer.write(0, new Uint8Array(1024))).toThrow(ProviderIoError)
  expect(unitsOf(layer)).toEqual([512])
})

test('media can go bad later', () => {
  const { layer } = bad(0, 0)
  layer.addMediaError(1024, 1)
  expect(() => layer.read(1500, new Uint8Array(1))).toThrow(BadBlockError)
})

test.each([
  [-1, 1],
  [0.5, 1],
  [0, -1],
  [4096, 1],
  [0, 4097],
])('a range of %d+%d is misuse', (offset, length) => {
  expect(() => bad(offset, length)).toThrow(TypeError)
})
