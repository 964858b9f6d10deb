/** With libpmem, over a page cache that passes for persistent memory. */
import { beforeEach, expect, test } from 'vitest'
import { VIEW_BYTES } from './file-mapping.ts'
import { providerPlugin, type DaxProvider } from './index.ts'
import {
  forcePmem,
  makeFile,
  openDax,
  readElsewhere,
  skipWithoutLibpmem,
  skipWithoutMappings,
  watchLibpmem,
  watchSync,
  withoutInner,
} from './scratch.test-support.ts'

skipWithoutMappings()
skipWithoutLibpmem()
beforeEach(() => forcePmem())

test('with persistent memory it is libpmem', () => {
  expect(openDax(4096).persistence).toBe('libpmem')
})

test('it needs no msync', () => {
  const sync = watchSync()
  const provider = openDax(65536)
  provider.write(0, new Uint8Array(512))
  provider.persist(0, 512)
  provider.write(1, Uint8Array.of(1))
  provider.flush()
  expect(sync).not.toHaveBeenCalled()
})

test('what it persisted another process reads', () => {
  const path = makeFile(8192)
  const provider = openDax(path, { persist: 'libpmem' })
  provider.write(4000, Uint8Array.of(1, 2, 3, 4))
  provider.persist(4000, 4)
  provider.write(8191, Uint8Array.of(5))
  provider.flush()
  expect([...readElsewhere(path, 4000, 4), ...readElsewhere(path, 8191, 1)]).toEqual([1, 2, 3, 4, 5])
})

test('a location can ask for it', async () => {
  const path = makeFile(4096)
  const location = { scheme: 'dax', path, values: { persist: 'libpmem' as const }, url: `dax:${path}` }
  const provider = await providerPlugin.open(location, { readOnly: false }, withoutInner)
  expect(provider).toMatchObject({ persistence: 'libpmem' })
  await provider.close()
})

test('it says so, and that only the environment takes the file for persistent memory', () => {
  expect(openDax(4096).capabilities.persistBy).toBe('pmem_persist (PMEM_IS_PMEM_FORCE)')
})

/** The offsets, in the file, and lengths of the calls. */
function ranges(calls: readonly (readonly unknown[])[], base: number): [number, number][] {
  return calls.map((call) => [Number(call[0]) - base, Number(call.at(-1))])
}

/** A provider, where in memory its file begins, and the calls that it makes from now on. */
function openWatched(sizeBytes: number): {
  provider: DaxProvider
  base: number
  calls: ReturnType<typeof watchLibpmem>
} {
  const calls = watchLibpmem()
  const provider = openDax(sizeBytes)
  provider.persist(0, 1)
  const base = calls.persist.mock.calls[0]?.[0] ?? expect.fail('nothing was persisted')
  calls.persist.mockClear()
  return { provider, base, calls }
}

test('a write through is one copy that is durable, and nothing is left to be flushed', () => {
  const { provider, base, calls } = openWatched(65536)
  const source = Uint8Array.from({ length: 5000 }, (_byte, at) => at)
  provider.writeThrough(4096, source, 1, 4096)
  expect(ranges(calls.copyPersist.mock.calls, base)).toEqual([[4096, 4096]])
  provider.flush()
  expect(calls.persist).not.toHaveBeenCalled()
  const target = new Uint8Array(4098)
  provider.read(4095, target)
  expect([...target]).toEqual([0, ...source.subarray(1, 4097), 0])
})

test.each([4, 8, 64])('a write through of %i aligned bytes is made of ordinary stores', (length) => {
  const { provider, base, calls } = openWatched(4096)
  provider.writeThrough(128, new Uint8Array(length).fill(7), 0, length)
  expect(calls.copyPersist).not.toHaveBeenCalled()
  expect(ranges(calls.persist.mock.calls, base)).toEqual([[128, length]])
})

test('a plain write copies nothing past the caches', () => {
  const { provider, calls } = openWatched(2 ** 20)
  provider.write(0, new Uint8Array(2 ** 20).fill(1))
  for (const call of Object.values(calls)) expect(call).not.toHaveBeenCalled()
})

const throughCalls: [string, 'copyPersist' | 'copy', (provider: DaxProvider, source: Uint8Array) => void][] =
  [
    ['writeThrough', 'copyPersist', (provider, source) => provider.writeThrough(1004, source, 0, 100)],
    ['writeMany', 'copy', (provider, source) => provider.writeMany([{ offset: 1004, source }])],
  ]

test.each(throughCalls)(
  'a %s first makes durable what was stored before in its lines',
  (_what, name, write) => {
    const { provider, base, calls } = openWatched(8192)
    provider.write(1000, Uint8Array.of(1))
    write(provider, new Uint8Array(100))
    const [persisted] = calls.persist.mock.invocationCallOrder
    const [copied] = calls[name].mock.invocationCallOrder
    expect(persisted).toBeLessThan(copied ?? 0)
    expect(ranges(calls.persist.mock.calls, base)).toEqual([[960, 192]])
  },
)

test('what lies in no line of it is left to a flush', () => {
  const { provider, base, calls } = openWatched(8192)
  provider.write(959, Uint8Array.of(1))
  provider.writeThrough(1004, new Uint8Array(100), 0, 100)
  expect(calls.persist).not.toHaveBeenCalled()
  provider.flush()
  expect(ranges(calls.persist.mock.calls, base)).toEqual([[959, 1]])
})

test('what a flush has to take is not more than what was stored', () => {
  const { provider, calls } = openWatched(2 ** 20)
  for (let at = 0; at < 100; at++) provider.write(at * 10_000, Uint8Array.of(1))
  provider.flush()
  const lengths = calls.persist.mock.calls.map(([, length]) => length)
  expect(lengths).toEqual(Array.from({ length: 100 }, () => 1))
})

test('several ranges are waited for once; those that are durable already cost nothing', () => {
  const { provider, base, calls } = openWatched(65536)
  provider.write(100, new Uint8Array(8))
  provider.writeMany([{ offset: 8192, source: new Uint8Array(4096) }])
  provider.write(20_000, new Uint8Array(8))
  calls.drain.mockClear()
  provider.persistMany([
    { offset: 20_000, length: 8 },
    { offset: 8192, length: 4096 },
    { offset: 96, length: 16 },
  ])
  expect(ranges(calls.flush.mock.calls, base)).toEqual([
    [20_000, 8],
    [96, 16],
  ])
  expect(calls.drain).toHaveBeenCalledTimes(1)
  provider.flush()
  expect(calls.persist).not.toHaveBeenCalled()
})

test('many pieces are waited for once, and are durable then', () => {
  const { provider, base, calls } = openWatched(65536)
  const segments = [104, 8192, 20_000].map((offset, at) => ({
    offset,
    source: new Uint8Array(8 + at * 500).fill(at + 1),
  }))
  provider.writeMany(segments)
  expect(calls.drain).toHaveBeenCalledTimes(1)
  expect(ranges(calls.flush.mock.calls, base)).toEqual([[104, 8]])
  provider.flush()
  expect(calls.persist).not.toHaveBeenCalled()
  for (const { offset, source } of segments) {
    const target = new Uint8Array(source.length)
    provider.read(offset, target)
    expect(target).toEqual(source)
  }
})

test('a copy goes across views', () => {
  const provider = openDax(VIEW_BYTES + 4096)
  const source = Uint8Array.from({ length: 200 }, (_byte, at) => at + 1)
  provider.writeThrough(VIEW_BYTES - 100, source, 0, 200)
  const target = new Uint8Array(200)
  provider.read(VIEW_BYTES - 100, target)
  expect(target).toEqual(source)
})
