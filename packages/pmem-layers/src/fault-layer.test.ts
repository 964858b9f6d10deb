import { describe, expect, test, vi } from 'vitest'
import { ClosedError, OutOfRangeError, ProviderIoError } from '@bttkit/interfaces'
import { failing, faulty } from './failing-calls.test-support.ts'
import { FaultLayer, type FaultRule } from './index.ts'
import { bytesOf, CALLS, FullProvider, waitThatEnds } from './recording-provider.test-support.ts'

describe('errors', () => {
  const EVERY = Object.keys(CALLS)
  const WRITES = ['write', 'writeFrom', 'writeMany', 'writeThrough', 'zero']

  test.each([
    ['read', ['read', 'readInto'], EVERY.filter((name) => !name.startsWith('read'))],
    ['write', WRITES, EVERY.filter((name) => !WRITES.includes(name))],
    [
      'flush',
      ['writeThrough', 'flush', 'persist', 'persistMany'],
      // The `write` in the middle is what a writeThrough stores without its flush.
      ['read', 'readInto', 'write', 'writeFrom', 'writeMany', 'write', 'zero', 'lock', 'close'],
    ],
  ] as const)('of a %s strike %o and nothing else', (on, expected, passed) => {
    const { inner, layer } = faulty({ on, effect: 'error' })
    const struck = EVERY.filter((method) => failing(1, () => CALLS[method]?.(layer)).length > 0)
    expect(struck).toEqual(expected)
    expect(inner.calls.map(([name]) => name)).toEqual(passed)
  })

  test('have the errno and the place', () => {
    const { layer } = faulty({ on: 'write', effect: 'error', errno: 'ENOSPC' })
    const expected = { errno: 'ENOSPC', place: { image: 'bare', offset: 16 } }
    expect(() => CALLS['write']?.(layer)).toThrow(expect.objectContaining(expected))
  })

  test('strike only the n-th call of their kind', () => {
    const { layer } = faulty({ on: 'write', effect: 'error', nth: 3 })
    const struck = failing(5, () => {
      layer.flush()
      layer.write(0, new Uint8Array(1))
    })
    expect(struck).toEqual([3])
  })

  test.each([
    [0, 16, false],
    [0, 17, true],
    [23, 1, true],
    [24, 8, false],
  ])('on %d+%d strike a call of 8 bytes at 16: %s', (offset, length, strikes) => {
    const { layer } = faulty({ on: 'read', effect: 'error', offset, length })
    expect(failing(1, () => CALLS['read']?.(layer))).toEqual(strikes ? [1] : [])
  })

  test('count only the calls in their range', () => {
    const { layer } = faulty({ on: 'read', effect: 'error', offset: 0, length: 8, nth: 2 })
    expect(failing(2, () => CALLS['read']?.(layer))).toEqual([])
    expect(failing(3, () => layer.read(0, new Uint8Array(1)))).toEqual([2])
  })

  test('of several rules each counts every call, and the first that strikes counts', () => {
    const { layer } = faulty(
      { on: 'flush', effect: 'error', nth: 2, errno: 'ENOSPC' },
      { on: 'flush', effect: 'error', nth: 2 },
      { on: 'flush', effect: 'error', nth: 3 },
    )
    layer.flush()
    expect(() => layer.flush()).toThrow(expect.objectContaining({ errno: 'ENOSPC' }))
    expect(() => layer.flush()).toThrow(expect.objectContaining({ errno: 'EIO' }))
    expect(layer.flush()).toBeUndefined()
  })
})

describe('by probability', () => {
  const struckBy = (seed: number, probability = 0.5): number[] => {
    const faults: FaultRule[] = [{ on: 'flush', effect: 'error', probability }]
    const layer = new FaultLayer(new FullProvider(), { faults, seed })
    return failing(400, () => layer.flush())
  }

  test('one seed strikes the same calls again', () => {
    expect(struckBy(7)).toEqual(struckBy(7))
  })

  test('another seed strikes others', () => {
    expect(struckBy(7)).not.toEqual(struckBy(8))
  })

  test('about as many are struck as it says', () => {
    const { length } = struckBy(7, 0.25)
    expect(length).toBeGreaterThan(60)
    expect(length).toBeLessThan(140)
  })

  test.each([
    [0, 0],
    [1, 400],
  ])('%d strikes %d of 400', (probability, count) => {
    expect(struckBy(7, probability)).toHaveLength(count)
  })
})

describe('a short write', () => {
  const short: FaultRule = { on: 'write', effect: 'short', storedBytes: 3, nth: 1 }

  test.each(['write', 'writeFrom', 'writeMany'])('%s stores its beginning and fails', (method) => {
    const { inner, layer } = faulty(short)
    expect(() => CALLS[method]?.(layer)).toThrow(ProviderIoError)
    expect(bytesOf(inner, 16, 8)).toEqual([1, 1, 1, 0, 0, 0, 0, 0])
  })

  test('zero makes zeros of its beginning and fails', () => {
    const { inner, layer } = faulty(short)
    inner.memory.mapping.fill(9)
    expect(() => CALLS['zero']?.(layer)).toThrow(ProviderIoError)
    expect(bytesOf(inner, 16, 8)).toEqual([0, 0, 0, 9, 9, 9, 9, 9])
  })

  test('writeMany ends in the middle of a segment', () => {
    const { inner, layer } = faulty(short)
    const segments = [0, 8, 16].map((offset) => ({ offset, source: Uint8Array.of(1, 1) }))
    expect(() => layer.writeMany?.(segments)).toThrow(ProviderIoError)
    expect([0, 8, 16].map((offset) => bytesOf(inner, offset, 2))).toEqual([
      [1, 1],
      [1, 0],
      [0, 0],
    ])
  })

  test('of a range that is not there stores nothing, and is not counted', () => {
    const { inner, layer } = faulty(short)
    const { size } = layer
    expect(() => layer.write(size - 8, new Uint8Array(16).fill(1))).toThrow(OutOfRangeError)
    expect(bytesOf(inner, size - 8, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
    expect(() => CALLS['write']?.(layer)).toThrow(ProviderIoError)
  })

  test('does not end the storage', () => {
    const { layer } = faulty(short)
    expect(failing(2, () => CALLS['write']?.(layer))).toEqual([1])
  })

  test('of storage that waits fails when that is over, awaited', async () => {
    const { inner, layer } = faulty(short)
    inner.answer = () => waitThatEnds()
    await expect(Promise.resolve(CALLS['write']?.(layer))).rejects.toThrow(ProviderIoError)
    expect(bytesOf(inner, 16, 8)).toEqual([1, 1, 1, 0, 0, 0, 0, 0])
  })

  test('of several segments is stored segment by segment, blocked on', () => {
    const { inner, layer } = faulty(short)
    inner.answer = () => waitThatEnds()
    const segments = [0, 8].map((offset) => ({ offset, source: Uint8Array.of(1, 1) }))
    const wait = layer.writeMany?.(segments)
    expect(() => wait?.block?.()).toThrow(ProviderIoError)
    expect([bytesOf(inner, 0, 2), bytesOf(inner, 8, 2)]).toEqual([
      [1, 1],
      [1, 0],
    ])
  })
})

describe('a torn write', () => {
  /** How many of 4 KiB are stored, by the seed. */
  const stored = (seed: number): number => {
    const inner = new FullProvider()
    const layer = new FaultLayer(inner, { faults: [{ on: 'write', effect: 'torn' }], seed })
    expect(() => layer.write(4, new Uint8Array(2048).fill(1))).toThrow(ProviderIoError)
    return bytesOf(inner, 0, 4096).filter((byte) => byte === 1).length
  }
  const seeds = Array.from({ length: 20 }, (_, seed) => seed)

  test('is torn where the seed says', () => {
    expect(seeds.map(stored)).toEqual(seeds.map(stored))
    expect(new Set(seeds.map(stored)).size).toBeGreaterThan(10)
  })

  test('is torn only where the storage says that writes tear', () => {
    // From byte 4 on, multiples of 8 are 4 and 12 and so on bytes away.
    expect(seeds.map(stored).filter((bytes) => bytes !== 0 && bytes % 8 !== 4)).toEqual([])
  })

  /** How many bytes are stored of a write of 512 bytes, where the storage makes as many atomic and larger writes tear anywhere. */
  const storedOfAtomic = (seed: number, offset: number): number => {
    const inner = new FullProvider()
    const capabilities = { ...inner.capabilities, atomicWriteBytes: 512, tearGranularityBytes: 1 }
    const faults: FaultRule[] = [{ on: 'write', effect: 'torn' }]
    const layer = new FaultLayer(Object.assign(inner, { capabilities }), { faults, seed })
    expect(() => layer.write(offset, new Uint8Array(512).fill(1))).toThrow(ProviderIoError)
    return bytesOf(inner, offset, 512).filter((byte) => byte === 1).length
  }

  test('that is aligned and atomic is not torn', () => {
    expect(seeds.map((seed) => storedOfAtomic(seed, 1024))).toEqual(seeds.map(() => 0))
  })

  test('that is not aligned is torn, whatever its length', () => {
    expect(seeds.some((seed) => storedOfAtomic(seed, 1000) > 0)).toBe(true)
  })
})

test.each(['crash', 'torn'] as const)('after a %s every call fails but the close', (effect) => {
  const { inner, layer } = faulty({ on: 'write', effect, nth: 2 })
  CALLS['write']?.(layer)
  expect(() => CALLS['write']?.(layer)).toThrow(ProviderIoError)
  inner.calls.length = 0
  const survivors = Object.keys(CALLS).filter(
    (method) => failing(1, () => CALLS[method]?.(layer)).length === 0,
  )
  expect(survivors).toEqual(['close'])
  expect(inner.calls).toEqual([['close']])
})

describe('what makes no sense is misuse', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a kind', { on: 'lock' }],
    ['an effect', { effect: 'slow' }],
    ['a short read', { on: 'read', effect: 'short' }],
    ['a torn flush', { on: 'flush', effect: 'torn' }],
    ['stored bytes of an error', { storedBytes: 1 }],
    ['a call before the first', { nth: 0 }],
    ['an offset', { offset: -1 }],
    ['a length', { length: 0.5 }],
    ['a probability', { probability: 1.1 }],
    ['no probability', { probability: Number.NaN }],
    ['an errno', { errno: 'oops' }],
  ])('%s', (_, wrong) => {
    const rule = { on: 'write', effect: 'error', ...wrong } as FaultRule
    expect(() => faulty(rule)).toThrow(TypeError)
  })

  test.each([-1, 0.5, 2 ** 32])('seed %d', (seed) => {
    expect(() => new FaultLayer(new FullProvider(), { seed })).toThrow(TypeError)
  })
})

test('threads cannot have it, for a reason', () => {
  const { inner, layer } = faulty()
  const share = vi.spyOn(inner, 'share')
  expect(() => layer.share?.()).toThrow(/faults are of one thread, because/)
  // Nobody shares what lies under it then.
  expect(share).not.toHaveBeenCalled()
  layer.close()
  expect(() => layer.share?.()).toThrow(ClosedError)
})
