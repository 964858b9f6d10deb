import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  BadBlockError,
  ClosedError,
  OutOfRangeError,
  ProviderIoError,
  ReadOnlyError,
} from '@bttkit/interfaces'
import { FileProvider, systemCalls } from './index.ts'
import { makeFile, makeSmallFileSystem } from './scratch.test-support.ts'
import { failing, systemFailure, systemWith } from './system.test-support.ts'

const pattern = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (seed + i * 7) % 251)

test('agrees with a plain array under random calls', () => {
  const size = 10_000
  const provider = FileProvider.open(makeFile(size))
  const model = new Uint8Array(size)
  const range = fc
    .tuple(fc.nat(size), fc.nat(size))
    .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))
  const step = fc.record({
    kind: fc.constantFrom('read', 'write', 'zero'),
    range,
    start: fc.nat(10),
    seed: fc.nat(250),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      for (const {
        kind,
        range: { from, to },
        start,
        seed,
      } of steps) {
        const length = to - from
        const piece = pattern(start + length + 5, seed)
        const expected = piece.slice()
        if (kind === 'write') {
          provider.writeFrom(from, piece, start, length)
          model.set(piece.subarray(start, start + length), from)
        } else if (kind === 'zero') {
          provider.zero(from, length)
          model.fill(0, from, to)
        } else {
          provider.readInto(from, piece, start, length)
          expected.set(model.subarray(from, to), start)
        }
        expect(piece).toEqual(expected)
      }
      const all = new Uint8Array(size)
      provider.read(0, all)
      expect(all).toEqual(model)
    }),
  )
  void provider.close()
})

test('goes on after short transfers and signals', () => {
  let calls = 0
  const interrupted = (): void => {
    if (calls++ % 3 === 0) throw systemFailure('EINTR')
  }
  const system = systemWith({
    read(fd, target, start, length, position) {
      interrupted()
      return systemCalls.read(fd, target, start, Math.min(length, 100), position)
    },
    write(fd, source, start, length, position) {
      interrupted()
      return systemCalls.write(fd, source, start, Math.min(length, 100), position)
    },
  })
  const provider = FileProvider.open(makeFile(5000), { system })
  provider.write(123, pattern(4000))
  const target = new Uint8Array(4000)
  provider.read(123, target)
  expect(target).toEqual(pattern(4000))
  expect(calls).toBeGreaterThan(80)
  void provider.close()
})

test('reaches bytes beyond 4 GiB', () => {
  const provider = FileProvider.open(makeFile(2 ** 33))
  provider.write(2 ** 33 - 3, Uint8Array.of(1, 2, 3))
  const target = new Uint8Array(4)
  provider.read(2 ** 33 - 4, target)
  expect([...target]).toEqual([0, 1, 2, 3])
  void provider.close()
})

test('reads into and writes from shared memory', () => {
  const provider = FileProvider.open(makeFile(4096))
  const shared = new Uint8Array(new SharedArrayBuffer(64), 8, 32)
  shared.set(pattern(32))
  provider.write(100, shared)
  shared.fill(0)
  provider.read(100, shared)
  expect([...shared]).toEqual([...pattern(32)])
  void provider.close()
})

test('a file that was cut while it was open fails to read, by name and byte', () => {
  const path = makeFile(8192)
  const provider = FileProvider.open(path)
  truncateSync(path, 5000)
  const target = new Uint8Array(4096)
  provider.read(0, target)
  expect(() => provider.read(4096, target)).toThrow(ProviderIoError)
  expect(() => provider.read(4096, target)).toThrow(`${path}, byte 5000: the file ends here`)
  void provider.close()
})

test('a read that fails with EIO is of a bad block, and a write is not', () => {
  const path = makeFile(8192)
  const system = systemWith({ read: failing('EIO'), write: failing('EIO') })
  const provider = FileProvider.open(path, { system })
  const reading = (): void => provider.read(512, new Uint8Array(4))
  expect(reading).toThrow(BadBlockError)
  expect(reading).toThrow(expect.objectContaining({ errno: 'EIO', place: { image: path, offset: 512 } }))
  const writing = (): void => provider.write(512, new Uint8Array(4))
  expect(writing).toThrow(ProviderIoError)
  expect(writing).toThrow(expect.objectContaining({ errno: 'EIO', place: { image: path, offset: 512 } }))
  void provider.close()
})

test('a bad block is where the reading stopped', () => {
  const system = systemWith({
    read(fd, target, start, length, position) {
      if (position >= 4096) throw systemFailure('EIO')
      return systemCalls.read(fd, target, start, Math.min(length, 4096 - position), position)
    },
  })
  const provider = FileProvider.open(makeFile(8192), { system })
  const reading = (): void => provider.read(1000, new Uint8Array(5000))
  expect(reading).toThrow(expect.objectContaining({ place: { image: provider.name, offset: 4096 } }))
  void provider.close()
})

test('a file knows no bad blocks', () => {
  const provider = FileProvider.open(makeFile(8192))
  expect(provider.badBlocks).toBeUndefined()
  void provider.close()
})

test.each(['ETIMEDOUT', 'ENOSPC', 'EDQUOT'])('passes on %s with its place', (errno) => {
  const path = makeFile(8192)
  const system = systemWith({ read: failing(errno), write: failing(errno) })
  const provider = FileProvider.open(path, { system })
  const expected = expect.objectContaining({
    code: 'BTT_PROVIDER_IO',
    errno,
    place: { image: path, offset: 512 },
  })
  expect(() => provider.read(512, new Uint8Array(4))).toThrow(expected)
  expect(() => provider.write(512, new Uint8Array(4))).toThrow(expected)
  expect(() => provider.write(512, new Uint8Array(4))).toThrow(`${path}, byte 512: writing 4 bytes failed: `)
  void provider.close()
})

test('a write that stores nothing is a failure, not an endless loop', () => {
  const provider = FileProvider.open(makeFile(8192), { system: systemWith({ write: () => 0 }) })
  expect(() => provider.write(0, new Uint8Array(4))).toThrow(ProviderIoError)
  void provider.close()
})

test('a full file system is ENOSPC', (context) => {
  const path = join(makeSmallFileSystem(context, 64 * 1024), 'disk.img')
  const provider = FileProvider.open(path, { createSizeBytes: 2 ** 20 })
  provider.write(0, new Uint8Array(4096).fill(1))
  const tooMuch = new Uint8Array(2 ** 18).fill(2)
  expect(() => provider.write(4096, tooMuch)).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_IO', errno: 'ENOSPC' }),
  )
  const first = new Uint8Array(4096)
  provider.read(0, first)
  expect(first.every((byte) => byte === 1)).toBe(true)
  void provider.close()
})

test.each([
  [-1, 1],
  [1000, 1],
  [999, 2],
  [1001, 0],
  [0.5, 1],
  [Number.NaN, 1],
  [2 ** 53, 1],
])('refuses byte %d, %d bytes long, before the file is touched', (offset, length) => {
  const untouched = failing('EIO')
  const system = systemWith({ read: untouched, write: untouched, native: undefined, run: untouched })
  const provider = FileProvider.open(makeFile(1000), { system })
  expect(() => provider.read(offset, new Uint8Array(length))).toThrow(OutOfRangeError)
  expect(() => provider.write(offset, new Uint8Array(length))).toThrow(OutOfRangeError)
  expect(() => provider.zero(offset, length)).toThrow(OutOfRangeError)
  void provider.close()
})

test('refuses a piece that does not hold the length', () => {
  const provider = FileProvider.open(makeFile(1000))
  expect(() => provider.readInto(0, new Uint8Array(4), 1, 4)).toThrow(TypeError)
  expect(() => provider.writeFrom(0, new Uint8Array(4), -1, 4)).toThrow(TypeError)
  void provider.close()
})

test('an empty piece is no call', () => {
  const provider = FileProvider.open(makeFile(0), {
    system: systemWith({ read: failing('EIO'), write: failing('EIO') }),
  })
  expect(provider.read(0, new Uint8Array(0))).toBeUndefined()
  expect(provider.write(0, new Uint8Array(0))).toBeUndefined()
  expect(provider.zero(0, 0)).toBeUndefined()
  void provider.close()
})

test('a read-only file refuses writes and never waits', () => {
  const path = makeFile(0)
  writeFileSync(path, pattern(100))
  const provider = FileProvider.open(path, { readOnly: true })
  expect(provider).toMatchObject({ readOnly: true, capabilities: { mayWait: false } })
  expect(() => provider.write(0, Uint8Array.of(1))).toThrow(ReadOnlyError)
  expect(() => provider.zero(0, 100)).toThrow(ReadOnlyError)
  const target = new Uint8Array(100)
  provider.read(0, target)
  expect(target).toEqual(pattern(100))
  expect(provider.flush()).toBeUndefined()
  void provider.close()
})

test('calls after close fail, closing twice does not', () => {
  const provider = FileProvider.open(makeFile(100))
  expect(provider.close()).toBeUndefined()
  expect(provider.close()).toBeUndefined()
  expect(() => provider.read(0, new Uint8Array(1))).toThrow(ClosedError)
  expect(() => provider.write(0, new Uint8Array(1))).toThrow(ClosedError)
  expect(() => provider.zero(0, 1)).toThrow(ClosedError)
  expect(() => provider.flush()).toThrow(ClosedError)
  expect(() => provider.lock('shared')).toThrow(ClosedError)
})

test('its promises are frozen and follow how it flushes', () => {
  const path = makeFile(100)
  const asynchronous = FileProvider.open(path)
  const blocking = FileProvider.open(path, { blocking: true })
  expect(Object.isFrozen(asynchronous.capabilities)).toBe(true)
  expect(asynchronous.capabilities).toEqual({
    atomicWriteBytes: 512,
    tearGranularityBytes: 512,
    sameLineOrdered: false,
    damagesNeighbours: false,
    mayWait: true,
    flush: 'sleeps',
    persistBy: 'fdatasync',
    durableOnWrite: false,
    fencing: false,
    maxWritesInFlight: Infinity,
    atomicAccessBytes: 0,
  })
  expect(blocking.capabilities).toEqual({ ...asynchronous.capabilities, mayWait: false, flush: 'immediate' })
  void asynchronous.close()
  void blocking.close()
})
