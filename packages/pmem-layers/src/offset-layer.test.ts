import { expect, test } from 'vitest'
import { OutOfRangeError } from '@bttkit/interfaces'
import { OffsetLayer } from './index.ts'
import { bytesOf, CALLS, FullProvider } from './recording-provider.test-support.ts'

test.each(['read', 'readInto', 'write', 'writeFrom', 'zero', 'persist'])('%s is moved', (method) => {
  const inner = new FullProvider()
  CALLS[method]?.(new OffsetLayer(inner, { offset: 1024, size: 64 }))
  expect(inner.calls[0]?.slice(0, 2)).toEqual([method, 1040])
})

test('each segment of a writeMany is moved', () => {
  const inner = new FullProvider()
  const layer = new OffsetLayer(inner, { offset: 1024, size: 64 })
  const segments = [8, 0].map((offset) => ({ offset, source: Uint8Array.of(offset + 1) }))
  layer.writeMany?.(segments)
  expect([bytesOf(inner, 1032, 1), bytesOf(inner, 1024, 1)]).toEqual([[9], [1]])
})

test.each(['read', 'readInto', 'write', 'writeFrom', 'writeMany', 'zero', 'persist'])(
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
