import { expect, test } from 'vitest'
import { ProviderIoError } from '@bttkit/interfaces'
import { capabilitiesOf } from './dax-capabilities.ts'
import { loadLibpmem } from './native.ts'
import { judgeMedium } from './persistence.ts'
import {
  forcePmem,
  makeFile,
  nativeCalls,
  openDax,
  readElsewhere,
  skipWithoutMappings,
  watchSync,
} from './scratch.test-support.ts'

skipWithoutMappings()

test('without persistent memory it is msync', () => {
  expect(openDax(4096).persistence).toBe('msync')
})

test('msync can be asked for all the same', () => {
  forcePmem()
  expect(openDax(4096, { persist: 'msync' }).persistence).toBe('msync')
})

test.each([undefined, '0'] as const)('libpmem is refused where it makes nothing durable', (forced) => {
  if (forced !== undefined) forcePmem(forced)
  expect(() => openDax(4096, { persist: 'libpmem' })).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'EOPNOTSUPP' }),
  )
})

test('persist by msync takes the pages of the range, and no others', () => {
  const sync = watchSync()
  const { pageBytes } = nativeCalls()
  const provider = openDax(8 * pageBytes)
  provider.persist(3 * pageBytes + 5, 2)
  provider.persist(0, 1)
  const [later, first] = sync.mock.calls
  expect(later?.[1]).toBe(7)
  expect((later?.[0] ?? 0) - (first?.[0] ?? 0)).toBe(3 * pageBytes)
  expect((first?.[0] ?? 1) % pageBytes).toBe(0)
})

test('flush takes what was stored since the last one', () => {
  const sync = watchSync()
  const provider = openDax(65536)
  provider.write(0, Uint8Array.of(1))
  provider.zero(32768, 2)
  provider.flush()
  expect(sync.mock.calls.map(([, length]) => length)).toEqual([1, 2])
  provider.flush()
  expect(sync).toHaveBeenCalledTimes(2)
})

test('what was persisted is not flushed again', () => {
  const sync = watchSync()
  const provider = openDax(65536)
  provider.write(100, new Uint8Array(8))
  provider.persist(100, 8)
  provider.flush()
  expect(sync).toHaveBeenCalledTimes(1)
})

test.each(['flush', 'persist'] as const)('a %s that failed is never made good', (call) => {
  const sync = watchSync()
  const provider = openDax(4096)
  provider.write(0, Uint8Array.of(1))
  sync.mockReturnValueOnce('EIO')
  const durable = (): undefined => (call === 'flush' ? provider.flush() : provider.persist(0, 1))
  expect(durable).toThrow(ProviderIoError)
  expect(durable).toThrow(ProviderIoError)
  expect(() => provider.write(0, Uint8Array.of(2))).toThrow(ProviderIoError)
  expect(sync).toHaveBeenCalledTimes(1)
  provider.read(0, new Uint8Array(1))
})

test.each([
  ['known persistent memory', 'libpmem', { isPmem: true, isForced: false }, 'pmem_persist', true],
  ['forced', 'libpmem', { isPmem: true, isForced: true }, 'pmem_persist (PMEM_IS_PMEM_FORCE)', true],
  ['known persistent memory', 'msync', { isPmem: true, isForced: false }, 'msync', true],
  // It may be the page cache, and msync makes that durable, in pages.
  ['forced', 'msync', { isPmem: true, isForced: true }, 'msync', false],
  ['the page cache', 'msync', { isPmem: false, isForced: false }, 'msync', false],
] as const)('the capabilities of %s by %s', (_what, persistence, medium, persistBy, ordered) => {
  const capabilities = capabilitiesOf({ persistence, ...medium })
  const sameLineOrdered = ordered && process.arch === 'x64'
  expect(capabilities).toMatchObject({ persistBy, sameLineOrdered })
})

const UNFORCED = { isPmem: true, isForced: false }

test.skipIf(loadLibpmem() === undefined)('MAP_SYNC, or a DAX device, makes it libpmem', () => {
  const expected = { persistence: 'libpmem', ...UNFORCED }
  expect(judgeMedium({ path: 'x', kind: 'file' }, true, undefined)).toEqual(expected)
  expect(judgeMedium({ path: 'x', kind: 'device-dax' }, false, undefined)).toEqual(expected)
})

test('persistent memory may be persisted by msync', () => {
  const medium = judgeMedium({ path: 'x', kind: 'file' }, true, 'msync')
  expect(medium).toEqual({ persistence: 'msync', ...UNFORCED })
})

test('a DAX device has no msync, asked for or not', () => {
  const device = { path: 'x', kind: 'device-dax' } as const
  const refused = expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'EOPNOTSUPP' })
  expect(() => judgeMedium(device, true, 'msync')).toThrow(refused)
  forcePmem('0')
  expect(() => judgeMedium(device, true, undefined)).toThrow(refused)
})

test('a write through by msync takes the pages of the range at once', () => {
  const sync = watchSync()
  const { pageBytes } = nativeCalls()
  const path = makeFile(4 * pageBytes)
  const provider = openDax(path)
  provider.writeThrough(pageBytes + 5, Uint8Array.of(9, 8, 7), 1, 2)
  expect(sync.mock.calls.map(([, length]) => length)).toEqual([7])
  expect(readElsewhere(path, pageBytes + 4, 4)).toEqual([0, 8, 7, 0])
  provider.flush()
  expect(sync).toHaveBeenCalledTimes(1)
})

test('a write through that failed is never made good', () => {
  const sync = watchSync()
  const provider = openDax(4096)
  sync.mockReturnValueOnce('EIO')
  const through = (): undefined => provider.writeThrough(0, Uint8Array.of(1), 0, 1)
  expect(through).toThrow(ProviderIoError)
  expect(through).toThrow(ProviderIoError)
  expect(sync).toHaveBeenCalledTimes(1)
})

test('many pieces are flushed by msync later', () => {
  const sync = watchSync()
  const provider = openDax(65536)
  provider.writeMany([
    { offset: 0, source: Uint8Array.of(1) },
    { offset: 32768, source: Uint8Array.of(2, 3) },
  ])
  expect(sync).not.toHaveBeenCalled()
  provider.flush()
  expect(sync.mock.calls.map(([, length]) => length)).toEqual([1, 2])
})

test('several ranges are one msync over what lies between them', () => {
  const sync = watchSync()
  const { pageBytes } = nativeCalls()
  const provider = openDax(8 * pageBytes)
  const ranges = [5, 2].map((page) => ({ offset: page * pageBytes, length: 10 }))
  for (const { offset } of ranges) provider.write(offset, new Uint8Array(10))
  provider.persistMany(ranges)
  expect(sync.mock.calls.map(([, length]) => length)).toEqual([3 * pageBytes + 10])
  provider.flush()
  expect(sync).toHaveBeenCalledTimes(1)
})

test('several ranges of which msync failed are never made good', () => {
  const sync = watchSync()
  const provider = openDax(65536)
  provider.write(0, Uint8Array.of(1))
  sync.mockReturnValueOnce('EIO')
  const persist = (): undefined => provider.persistMany([{ offset: 0, length: 1 }])
  expect(persist).toThrow(ProviderIoError)
  expect(persist).toThrow(ProviderIoError)
  expect(() => provider.flush()).toThrow(ProviderIoError)
  expect(sync).toHaveBeenCalledTimes(1)
})

test('what msync persisted another process reads', () => {
  const path = makeFile(8192)
  const provider = openDax(path, { persist: 'msync' })
  provider.write(4000, Uint8Array.of(1, 2, 3, 4))
  provider.persist(4000, 4)
  provider.write(8191, Uint8Array.of(5))
  provider.flush()
  expect([...readElsewhere(path, 4000, 4), ...readElsewhere(path, 8191, 1)]).toEqual([1, 2, 3, 4, 5])
})
