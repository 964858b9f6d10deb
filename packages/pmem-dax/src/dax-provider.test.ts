import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  ClosedError,
  ImageLockedError,
  OutOfRangeError,
  ProviderIoError,
  ProviderOpenError,
  ReadOnlyError,
} from '@bttkit/interfaces'
import type { DaxProvider } from './index.ts'
import { makeDirectory, makeFile, nativeCalls, openDax, skipWithoutMappings } from './scratch.test-support.ts'

skipWithoutMappings()

const readBack = (provider: DaxProvider, offset: number, length: number): number[] => {
  const target = new Uint8Array(length)
  provider.read(offset, target)
  return [...target]
}

test('every piece of every length at every offset arrives, and nothing beside it changes', () => {
  const provider = openDax(4096)
  const model = new Uint8Array(256)
  let next = 1
  for (let offset = 0; offset < 20; offset++) {
    for (let length = 0; length <= 80; length++) {
      const source = Uint8Array.from({ length: length + 3 }, () => (next = (next * 5 + 1) & 0xff))
      provider.writeFrom(offset, source, 3, length)
      model.set(source.subarray(3), offset)
      expect(readBack(provider, 0, 256)).toEqual([...model])
      const target = new Uint8Array(length + 2)
      provider.readInto(offset, target, 1, length)
      expect([...target]).toEqual([0, ...source.subarray(3), 0])
    }
  }
})

test('what the file held is read, and writes are in the file', () => {
  const path = makeFile(8192)
  writeFileSync(path, Buffer.alloc(8192, 9))
  const provider = openDax(path)
  expect(readBack(provider, 4095, 2)).toEqual([9, 9])
  provider.write(4095, Uint8Array.of(1, 2))
  expect([...readFileSync(path).subarray(4094, 4098)]).toEqual([9, 1, 2, 9])
})

test('zero makes zeros of the range alone', () => {
  const provider = openDax(4096)
  provider.write(0, new Uint8Array(100).fill(7))
  provider.zero(1, 98)
  expect(readBack(provider, 0, 100)).toEqual([7, ...Array.from({ length: 98 }, () => 0), 7])
})

test('the mapping is the storage', () => {
  const provider = openDax(4096)
  provider.mapping?.set([5], 4095)
  expect(readBack(provider, 4095, 1)).toEqual([5])
  expect(provider.mapping?.byteLength).toBe(4096)
})

test('a file that is no whole number of words has its last bytes too', () => {
  const provider = openDax(4099)
  provider.write(4096, Uint8Array.of(1, 2, 3))
  expect(readBack(provider, 4096, 3)).toEqual([1, 2, 3])
})

test('promises what a mapped file can keep', () => {
  const { capabilities } = openDax(4096)
  expect(capabilities).toMatchObject({ mayWait: false, flush: 'immediate', durableOnWrite: false })
  expect(capabilities).toMatchObject({ atomicWriteBytes: 8, atomicAccessBytes: 4, sameLineOrdered: false })
  expect(Object.isFrozen(capabilities)).toBe(true)
})

test.each([
  [4096, 1],
  [4090, 7],
  [-1, 1],
  [0.5, 1],
  [Number.NaN, 1],
])('byte %d and %d bytes from there are not on it', (offset, length) => {
  const provider = openDax(4096)
  const piece = new Uint8Array(length)
  expect(() => provider.read(offset, piece)).toThrow(OutOfRangeError)
  expect(() => provider.write(offset, piece)).toThrow(OutOfRangeError)
  expect(() => provider.writeThrough(offset, piece, 0, length)).toThrow(OutOfRangeError)
  expect(() => provider.writeMany([{ offset, source: piece }])).toThrow(OutOfRangeError)
  expect(() => provider.zero(offset, length)).toThrow(OutOfRangeError)
  expect(() => provider.persist(offset, length)).toThrow(OutOfRangeError)
})

test('a piece beyond its buffer is refused', () => {
  const provider = openDax(4096)
  expect(() => provider.readInto(0, new Uint8Array(8), 4, 5)).toThrow(TypeError)
  expect(() => provider.writeFrom(0, new Uint8Array(8), -1, 5)).toThrow(TypeError)
  expect(() => provider.writeThrough(0, new Uint8Array(8), 4, 5)).toThrow(TypeError)
})

test('open for reading, it takes no write and gives no mapping away', () => {
  const provider = openDax(4096, { readOnly: true })
  expect(() => provider.write(0, Uint8Array.of(1))).toThrow(ReadOnlyError)
  expect(() => provider.writeThrough(0, Uint8Array.of(1), 0, 1)).toThrow(ReadOnlyError)
  expect(() => provider.writeMany([{ offset: 0, source: Uint8Array.of(1) }])).toThrow(ReadOnlyError)
  expect(() => provider.zero(0, 1)).toThrow(ReadOnlyError)
  expect(readBack(provider, 0, 1)).toEqual([0])
  expect(provider.flush()).toBeUndefined()
  expect([provider.readOnly, provider.mapping]).toEqual([true, undefined])
})

test('every call after close fails, and none touches the pages that are gone', () => {
  const provider = openDax(4096)
  provider.write(0, Uint8Array.of(1))
  provider.close()
  const piece = new Uint8Array(1)
  const calls = [
    () => provider.read(0, piece),
    () => provider.readInto(0, piece, 0, 1),
    () => provider.write(0, piece),
    () => provider.writeFrom(0, piece, 0, 1),
    () => provider.writeThrough(0, piece, 0, 1),
    () => provider.writeMany([{ offset: 0, source: piece }]),
    () => provider.zero(0, 1),
    () => provider.flush(),
    () => provider.persist(0, 1),
    () => provider.lock('shared'),
    () => provider.share(),
  ]
  for (const call of calls) expect(call).toThrow(ClosedError)
  expect(provider.mapping).toBeUndefined()
})

test('close unmaps once', () => {
  const unmap = vi.spyOn(nativeCalls(), 'unmap')
  const provider = openDax(4096)
  provider.close()
  provider.close()
  expect(unmap.mock.calls.map(([, length]) => length)).toEqual([4096])
  unmap.mockRestore()
})

test('who kept the mapping finds it empty after close, and it is not given away where that cannot be', () => {
  const provider = openDax(4096)
  const kept = provider.mapping
  expect(kept?.byteLength).toBe('transfer' in ArrayBuffer.prototype ? 4096 : undefined)
  provider.close()
  expect(kept?.byteLength ?? 0).toBe(0)
})

test.skipIf(!('transfer' in ArrayBuffer.prototype))(
  'a part of the mapping is stored over itself, up and down',
  () => {
    const provider = openDax(4 * 2 ** 20)
    const source = Uint8Array.from({ length: 2 ** 20 }, (_, index) => index % 251)
    const found = new Uint8Array(2 ** 20)
    for (const [from, to] of [
      [0, 4096],
      [4096, 0],
    ] as const) {
      provider.write(from, source)
      provider.writeFrom(to, provider.mapping ?? found, from, 2 ** 20)
      provider.read(to, found)
      expect(Buffer.compare(found, source), `from ${from} to ${to}`).toBe(0)
    }
  },
)

test('one writer excludes all others, until it closes', () => {
  const path = makeFile(4096)
  const first = openDax(path)
  const second = openDax(path)
  first.lock('exclusive')
  expect(() => second.lock('shared')).toThrow(ImageLockedError)
  first.close()
  expect(second.lock('exclusive')).toBeUndefined()
})

test('a lock that could not be changed is kept as it was', () => {
  const path = makeFile(4096)
  const [first, second, third] = [openDax(path), openDax(path), openDax(path)]
  first.lock('shared')
  second.lock('shared')
  expect(() => first.lock('exclusive')).toThrow(ImageLockedError)
  second.close()
  expect(() => third.lock('exclusive')).toThrow(ImageLockedError)
})

test('a file that was cut before it was locked is refused', () => {
  const path = makeFile(8192)
  const provider = openDax(path)
  truncateSync(path, 4096)
  expect(() => provider.lock('exclusive')).toThrow(ProviderIoError)
})

test('growth is not seen', () => {
  const path = makeFile(4096)
  const provider = openDax(path)
  truncateSync(path, 8192)
  provider.lock('exclusive')
  expect(() => provider.read(4096, new Uint8Array(1))).toThrow(OutOfRangeError)
})

test('makes a file that has its blocks', () => {
  const path = join(makeDirectory(), 'new.img')
  const provider = openDax(path, { createSizeBytes: 65536 })
  expect(provider.size).toBe(65536)
  const { size, blocks } = statSync(path)
  expect([size, blocks * 512 >= 65536]).toEqual([65536, true])
})

test('a file of the size is used as it is, and one of another size is refused', () => {
  const path = makeFile(4096)
  writeFileSync(path, Buffer.alloc(4096, 3))
  expect(readBack(openDax(path, { createSizeBytes: 4096 }), 0, 1)).toEqual([3])
  expect(() => openDax(path, { createSizeBytes: 8192 })).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'EEXIST' }),
  )
})

test('a file that cannot be made leaves none', () => {
  const directory = makeDirectory()
  const path = join(directory, 'new.img')
  const allocate = vi.spyOn(nativeCalls(), 'allocate').mockReturnValue('ENOSPC')
  expect(() => openDax(path, { createSizeBytes: 4096 })).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'ENOSPC' }),
  )
  allocate.mockRestore()
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
})

test('a file that is made, and cannot be mapped as asked, is removed again', () => {
  const path = join(makeDirectory(), 'new.img')
  vi.stubEnv('PMEM_IS_PMEM_FORCE', '0')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(() => openDax(path, { createSizeBytes: 4096, persist: 'libpmem' })).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'EOPNOTSUPP' }),
  )
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
  const old = makeFile(4096)
  expect(() => openDax(old, { createSizeBytes: 4096, persist: 'libpmem' })).toThrow(ProviderOpenError)
  expect(statSync(old).size).toBe(4096)
})

test.each([
  ['nothing', () => join(makeDirectory(), 'none'), 'ENOENT'],
  ['an empty file', () => makeFile(0), 'EINVAL'],
  ['a directory', makeDirectory, 'ENODEV'],
])('%s cannot be mapped', (_what, path, errno) => {
  expect(() => openDax(path(), { readOnly: true })).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno }),
  )
})

test('a mapping that the system refuses leaves nothing open', () => {
  const path = makeFile(4096)
  const closing = openDax(path).share().handle
  const map = vi.spyOn(nativeCalls(), 'map').mockReturnValue('ENOMEM')
  expect(() => openDax(path)).toThrow(ProviderOpenError)
  map.mockRestore()
  expect(openDax(path).share().handle).toMatchObject({ fd: (closing as { fd: number }).fd + 1 })
})

test('a mapping that cannot be viewed is unmapped again', () => {
  const path = makeFile(4096)
  const view = vi.spyOn(nativeCalls(), 'view').mockImplementation(() => {
    throw new RangeError('no view')
  })
  const unmap = vi.spyOn(nativeCalls(), 'unmap')
  onTestFinished(() => {
    view.mockRestore()
    unmap.mockRestore()
  })
  expect(() => openDax(path)).toThrow(expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'ENOMEM' }))
  expect(unmap.mock.calls.map(([, length]) => length)).toEqual([4096])
})

test('a file cannot be made for reading, or empty', () => {
  expect(() => openDax('x', { readOnly: true, createSizeBytes: 4096 })).toThrow(TypeError)
  expect(() => openDax('x', { createSizeBytes: 0 })).toThrow(TypeError)
})
