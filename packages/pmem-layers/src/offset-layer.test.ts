import { describe, expect, test } from 'vitest'
import { BadBlockError, OutOfRangeError, type ByteRange } from '@bttkit/interfaces'
import { DelayLayer, FaultLayer, OffsetLayer, type OffsetOptions } from './index.ts'
import { bytesOf, CALLS, FullProvider } from './recording-provider.test-support.ts'

test.each(['read', 'readInto', 'write', 'writeFrom', 'writeThrough', 'zero', 'persist'])(
  '%s is moved',
  (method) => {
    const inner = new FullProvider()
    CALLS[method]?.(new OffsetLayer(inner, { offset: 1024, size: 64 }))
    expect(inner.calls[0]?.slice(0, 2)).toEqual([method, 1040])
  },
)

test('each segment of a writeMany is moved', () => {
  const inner = new FullProvider()
  const layer = new OffsetLayer(inner, { offset: 1024, size: 64 })
  const segments = [8, 0].map((offset) => ({ offset, source: Uint8Array.of(offset + 1) }))
  layer.writeMany?.(segments)
  expect([bytesOf(inner, 1032, 1), bytesOf(inner, 1024, 1)]).toEqual([[9], [1]])
})

test('each range of a persistMany is moved', () => {
  const inner = new FullProvider()
  const ranges = [8, 0].map((offset) => ({ offset, length: 4 }))
  new OffsetLayer(inner, { offset: 1024, size: 64 }).persistMany?.(ranges)
  expect(inner.calls).toEqual([['persistMany', [1032, 1024].map((offset) => ({ offset, length: 4 }))]])
})

test.each(Object.keys(CALLS).filter((method) => !['flush', 'lock', 'close'].includes(method)))(
  '%s beyond the window is refused, though the storage goes on there',
  (method) => {
    const inner = new FullProvider()
    const layer = new OffsetLayer(inner, { offset: 1024, size: 23 })
    expect(() => CALLS[method]?.(layer)).toThrow(OutOfRangeError)
    expect(inner.calls).toEqual([])
  },
)

test.each([-1, 0.5, Number.NaN])('offset %d is refused', (offset) => {
  const layer = new OffsetLayer(new FullProvider(), { offset: 1024 })
  expect(() => layer.read(offset, new Uint8Array(1))).toThrow(OutOfRangeError)
})

test('without a size it goes to the end of the storage', () => {
  expect(new OffsetLayer(new FullProvider(), { offset: 1024 }).size).toBe(3072)
})

test.each([
  [-1, 8],
  [0.5, 8],
  [4096, 1],
  [4097, undefined],
  [0, 4097],
])('a window from %d of %s bytes is none', (offset, size) => {
  const options = size === undefined ? { offset } : { offset, size }
  expect(() => new OffsetLayer(new FullProvider(), options)).toThrow(OutOfRangeError)
})

test.each([
  [0, 8, true],
  [64, 8, true],
  [8, 8, false],
  [12, 4, false],
  [1, 1, false],
])('a window at %d keeps atomic writes of %d bytes, and the order in lines: %s', (offset, bytes, ordered) => {
  const { capabilities } = new OffsetLayer(new FullProvider(), { offset })
  expect(capabilities).toMatchObject({
    atomicWriteBytes: bytes,
    tearGranularityBytes: bytes,
    sameLineOrdered: ordered,
    atomicAccessBytes: bytes === 8 ? new FullProvider().capabilities.atomicAccessBytes : expect.any(Number),
  })
})

test.each([
  [8, 12, 4],
  [512, 64, 64],
  [48, 48, 48],
  [520, 1024, 8],
])('a promise about %d aligned bytes is one about fewer in a window at %d: %d', (promised, offset, kept) => {
  const inner = new FullProvider()
  const capabilities = { ...inner.capabilities, atomicWriteBytes: promised, tearGranularityBytes: promised }
  const layer = new OffsetLayer(Object.assign(inner, { capabilities }), { offset })
  expect(layer.capabilities).toMatchObject({ atomicWriteBytes: kept, tearGranularityBytes: kept })
})

test('a promise about writes of any size is kept only as far as the window is aligned', () => {
  const inner = new FullProvider()
  const capabilities = { ...inner.capabilities, atomicWriteBytes: Infinity }
  const window = (offset: number): OffsetLayer =>
    new OffsetLayer(Object.assign(inner, { capabilities }), { offset })
  expect([0, 512, 8].map((offset) => window(offset).capabilities.atomicWriteBytes)).toEqual([
    Infinity,
    512,
    8,
  ])
})

describe('bad blocks', () => {
  const badOver = (options: OffsetOptions): OffsetLayer =>
    new OffsetLayer(
      Object.assign(new FullProvider(), {
        bad: [
          { offset: 0, length: 1024 },
          { offset: 2048, length: 512 },
        ],
      }),
      options,
    )

  test.each<[OffsetOptions, ByteRange[]]>([
    [
      { offset: 0 },
      [
        { offset: 0, length: 1024 },
        { offset: 2048, length: 512 },
      ],
    ],
    [
      { offset: 512 },
      [
        { offset: 0, length: 512 },
        { offset: 1536, length: 512 },
      ],
    ],
    [{ offset: 1024, size: 1024 }, []],
    [{ offset: 1024, size: 1100 }, [{ offset: 1024, length: 76 }]],
  ])('in the window %o are %o', (options, expected) => {
    expect(badOver(options).badBlocks?.()).toEqual(expected)
  })

  test('are not known where the window begins within a unit', () => {
    expect('badBlocks' in badOver({ offset: 64 })).toBe(false)
  })

  /** Whose byte 1024 and those after it are bad. */
  const failing = (offset: number): OffsetLayer =>
    new OffsetLayer(new FaultLayer(new FullProvider(), { mediaErrors: [{ offset: 1024, length: 1 }] }), {
      offset,
    })

  test.each([
    [1000, 24],
    [512, 512],
    [1100, 0],
  ])('met by a read in a window at %d are at byte %d of it', (offset, expected) => {
    const read = (): unknown => failing(offset).read(0, new Uint8Array(1000))
    expect(read).toThrow(BadBlockError)
    expect(read).toThrow(expect.objectContaining({ place: { image: 'bare', offset: expected } }))
  })

  test('met when a wait is over are moved too', async () => {
    const slow = new DelayLayer(failing(0), { readDelayMs: 1 })
    const wait = new OffsetLayer(slow, { offset: 1000 }).read(0, new Uint8Array(1000))
    await expect(Promise.resolve(wait)).rejects.toMatchObject({
      code: 'BTT_BAD_BLOCK',
      place: { offset: 24 },
    })
  })
})
