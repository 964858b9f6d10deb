import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClosedError, OutOfRangeError, ReadOnlyError } from '@bttkit/interfaces'
import { MemoryProvider } from './index.ts'

const backings = {
  ArrayBuffer: (size: number): MemoryProvider => new MemoryProvider({ size }),
  SharedArrayBuffer: (size: number): MemoryProvider => new MemoryProvider({ size, shared: true }),
  'a part of a buffer': (size: number): MemoryProvider =>
    new MemoryProvider({ bytes: new Uint8Array(size + 16).subarray(8, size + 8) }),
  'an unaligned part': (size: number): MemoryProvider =>
    new MemoryProvider({ bytes: new Uint8Array(size + 16).subarray(3, size + 3) }),
}

describe.each(Object.entries(backings))('memory in %s', (_name, make) => {
  test('reads zeros at first, then what was written', () => {
    const provider = make(100)
    const target = new Uint8Array(100).fill(9)
    expect(provider.read(0, target)).toBeUndefined()
    expect(target).toEqual(new Uint8Array(100))
    expect(provider.write(10, Uint8Array.of(1, 2, 3))).toBeUndefined()
    provider.read(8, target.subarray(0, 6))
    expect([...target.subarray(0, 6)]).toEqual([0, 0, 1, 2, 3, 0])
  })

  test.each([1, 2, 4, 7, 8])('copies within itself, %i bytes on or back, as if at once', (distance) => {
    const length = 64
    const content = Uint8Array.from({ length: 100 }, (_, index) => index)
    const pieceAt = (provider: MemoryProvider, start: number): Uint8Array =>
      provider.mapping.subarray(start, start + length)
    for (const [from, to] of [
      [16, 16 + distance],
      [16 + distance, 16],
    ] as const) {
      const moved = content.slice()
      moved.copyWithin(to, from, from + length)
      const writer = make(100)
      writer.write(0, content)
      writer.write(to, pieceAt(writer, from))
      expect(writer.mapping).toEqual(moved)
      const reader = make(100)
      reader.write(0, content)
      reader.read(from, pieceAt(reader, to))
      expect(reader.mapping).toEqual(moved)
    }
  })

  test('agrees with a plain array under random calls', () => {
    const size = 300
    const range = fc
      .tuple(fc.nat(size), fc.nat(size))
      .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }))
    const words = fc
      .tuple(fc.nat(size / 4 - 1), fc.integer({ min: 1, max: 20 }))
      .map(([index, count]) => ({ start: index * 4, end: Math.min(size, (index + count) * 4) }))
    const step = fc.record({
      kind: fc.constantFrom('read', 'write', 'zero'),
      range: fc.oneof(range, words),
      start: fc.nat(10),
      seed: fc.nat(255),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const provider = make(size)
        const model = new Uint8Array(size)
        for (const {
          kind,
          range: { start: from, end },
          start,
          seed,
        } of steps) {
          const length = end - from
          const piece = Uint8Array.from({ length: start + length + 5 }, (_, i) => (seed + i * 7) % 256)
          const expected = piece.slice()
          if (kind === 'write') {
            provider.writeFrom(from, piece, start, length)
            model.set(piece.subarray(start, start + length), from)
          } else if (kind === 'zero') {
            provider.zero(from, length)
            model.fill(0, from, end)
          } else {
            provider.readInto(from, piece, start, length)
            expected.set(model.subarray(from, end), start)
          }
          expect(piece).toEqual(expected)
        }
        expect(provider.mapping).toEqual(model)
      }),
    )
  })

  test.each([
    [-1, 1],
    [100, 1],
    [99, 2],
    [101, 0],
    [0.5, 1],
    [Number.NaN, 1],
    [2 ** 53, 1],
  ])('refuses byte %d, %d bytes long', (offset, length) => {
    const provider = make(100)
    const piece = new Uint8Array(length).fill(7)
    expect(() => provider.read(offset, piece)).toThrow(OutOfRangeError)
    expect(() => provider.write(offset, piece)).toThrow(OutOfRangeError)
    expect(() => provider.zero(offset, length)).toThrow(OutOfRangeError)
    expect(provider.mapping).toEqual(new Uint8Array(100))
  })

  test('refuses a piece that does not hold the length', () => {
    const provider = make(100)
    expect(() => provider.readInto(0, new Uint8Array(4), 1, 4)).toThrow(TypeError)
    expect(() => provider.writeFrom(0, new Uint8Array(4), -1, 4)).toThrow(TypeError)
    expect(() => provider.readInto(0, new Uint8Array(4), 0, -1)).toThrow(OutOfRangeError)
  })
})

test('shares what the caller keeps', () => {
  const bytes = new Uint8Array(64)
  const provider = new MemoryProvider({ bytes })
  provider.write(8, Uint8Array.of(5))
  expect(bytes[8]).toBe(5)
  expect(provider.mapping).toBe(bytes)
})

test.each([-1, 1.5, Number.NaN, 2 ** 53])('a size of %d is misuse', (size) => {
  expect(() => new MemoryProvider({ size })).toThrow(TypeError)
})

test('a read-only memory refuses writes and keeps its bytes', () => {
  const provider = new MemoryProvider({ bytes: Uint8Array.of(1, 2, 3, 4), readOnly: true }, 'mem:x')
  expect(provider.readOnly).toBe(true)
  expect(() => provider.write(0, Uint8Array.of(9))).toThrow(ReadOnlyError)
  expect(() => provider.zero(0, 4)).toThrow(ReadOnlyError)
  expect([...provider.mapping]).toEqual([1, 2, 3, 4])
})

test('calls after close fail, closing twice does not', () => {
  const provider = new MemoryProvider({ size: 8 })
  expect(provider.flush()).toBeUndefined()
  provider.close()
  provider.close()
  expect(() => provider.read(0, new Uint8Array(1))).toThrow(ClosedError)
  expect(() => provider.write(0, new Uint8Array(1))).toThrow(ClosedError)
  expect(() => provider.zero(0, 1)).toThrow(ClosedError)
  expect(() => provider.flush()).toThrow(ClosedError)
})

test('its promises are frozen, and made only where they hold', () => {
  const { capabilities } = new MemoryProvider({ size: 8 })
  expect(Object.isFrozen(capabilities)).toBe(true)
  expect(capabilities).toMatchObject({
    mayWait: false,
    flush: 'none',
    durableOnWrite: true,
    atomicAccessBytes: 4,
  })
  expect(backings['an unaligned part'](8).capabilities.atomicAccessBytes).toBe(0)
})

test('errors name the memory and the byte', () => {
  const provider = new MemoryProvider({ size: 8 }, 'mem:?size=8')
  expect(() => provider.read(7, new Uint8Array(2))).toThrow(/^mem:\?size=8, byte 7: 2 bytes/)
})
