import { expect, test } from 'vitest'
import { ProviderIoError } from '@bttkit/interfaces'
import { capabilitiesOf } from './dax-capabilities.ts'
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
  ['libpmem', true, process.arch === 'x64'],
  ['libpmem', false, false],
  ['msync', true, false],
] as const)(
  'stores by %s, on DAX %s, are in order within a line: %s',
  (persistence, synchronous, ordered) => {
    expect(capabilitiesOf(persistence, synchronous).sameLineOrdered).toBe(ordered)
  },
)

test('what msync persisted another process reads', () => {
  const path = makeFile(8192)
  const provider = openDax(path, { persist: 'msync' })
  provider.write(4000, Uint8Array.of(1, 2, 3, 4))
  provider.persist(4000, 4)
  provider.write(8191, Uint8Array.of(5))
  provider.flush()
  expect([...readElsewhere(path, 4000, 4), ...readElsewhere(path, 8191, 1)]).toEqual([1, 2, 3, 4, 5])
})
