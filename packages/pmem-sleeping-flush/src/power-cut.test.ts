import { afterEach, expect, test, vi } from 'vitest'
import {
  BadBlockError,
  ClosedError,
  OutOfRangeError,
  ProviderIoError,
  type MaybeSleep,
  type PmemProvider,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { SleepingFlushProvider } from './index.ts'

const SIZE = 256

interface Cuttable {
  readonly inner: MemoryProvider
  readonly provider: SleepingFlushProvider
  readonly bytes: Uint8Array
}

/** Storage full of ones that loses what is not flushed. */
function cuttable(wrap: (inner: MemoryProvider) => PmemProvider = (inner) => inner): Cuttable {
  const bytes = new Uint8Array(SIZE).fill(1)
  const inner = new MemoryProvider({ bytes })
  const provider = new SleepingFlushProvider(wrap(inner), { flushDelayMs: 0, losesUnflushed: true })
  return { inner, provider, bytes }
}

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)

/** The same memory, where reads and writes wait for the event loop. */
function remote(inner: MemoryProvider): PmemProvider {
  const later = async (call: () => MaybeSleep): Promise<void> => {
    await new Promise((resolve) => void setImmediate(resolve))
    await call()
  }
  return {
    name: 'remote',
    size: inner.size,
    readOnly: false,
    capabilities: { ...inner.capabilities, mayWait: true },
    read: (offset, target) => later(() => inner.read(offset, target)),
    write: (offset, source) => later(() => inner.write(offset, source)),
    flush: () => inner.flush(),
    close: () => inner.close(),
  }
}

afterEach(() => void vi.useRealTimers())

test('what was not flushed is lost, by whichever call it was stored', async () => {
  const { provider, bytes } = cuttable()
  await provider.write(0, filled(3, 2))
  await provider.writeFrom?.(10, filled(9, 3), 4, 5)
  await provider.zero?.(100, 50)
  expect(new Set(bytes)).toEqual(new Set([0, 1, 2, 3]))
  await provider.powerCut()
  expect(new Set(bytes)).toEqual(new Set([1]))
})

test('the segments of a writeMany are lost too', async () => {
  const { provider, bytes } = cuttable((inner) =>
    Object.assign(inner, {
      writeMany: (segments: readonly { offset: number; source: Uint8Array }[]) => {
        for (const { offset, source } of segments) inner.write(offset, source)
        return undefined
      },
    }),
  )
  const writeMany = provider.writeMany ?? expect.fail('there is no writeMany')
  await writeMany([
    { offset: 0, source: filled(8, 2) },
    { offset: 64, source: filled(8, 3) },
  ])
  expect([bytes[0], bytes[64]]).toEqual([2, 3])
  await provider.powerCut()
  expect(new Set(bytes)).toEqual(new Set([1]))
})

test('what was flushed stays, and what was written over it goes', async () => {
  const { provider, bytes } = cuttable()
  await provider.write(0, filled(8, 2))
  await provider.flush()
  await provider.write(4, filled(8, 3))
  await provider.powerCut()
  expect([...bytes.subarray(0, 12)]).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1])
})

test('of several writes to one place all are lost', async () => {
  const { provider, bytes } = cuttable()
  for (const byte of [2, 3, 4]) await provider.write(byte, filled(8, byte))
  await provider.powerCut()
  expect(new Set(bytes)).toEqual(new Set([1]))
})

test('a flush is for what was complete when it was called, and for nothing later', async () => {
  const { provider, bytes } = cuttable()
  await provider.write(0, filled(8, 2))
  const wait = provider.flush()
  await provider.write(0, filled(8, 3))
  await wait
  await provider.powerCut()
  expect([...bytes.subarray(0, 8)]).toEqual([...filled(8, 2)])
})

test('a flush that failed makes nothing durable, and the next one does', async () => {
  const { provider, bytes } = cuttable()
  provider.failFlushes(1)
  await provider.write(0, filled(8, 2))
  await expect(Promise.resolve(provider.flush())).rejects.toThrow(ProviderIoError)
  await provider.write(64, filled(8, 3))
  const flushed = cuttable()
  flushed.provider.failFlushes(1)
  await flushed.provider.write(0, filled(8, 2))
  await Promise.resolve(flushed.provider.flush()).catch(() => {})
  await flushed.provider.flush()
  await Promise.all([provider.powerCut(), flushed.provider.powerCut()])
  expect([bytes[0], bytes[64], flushed.bytes[0]]).toEqual([1, 1, 2])
})

test('a persist keeps the lines of its range, and no others', async () => {
  const { provider, bytes } = cuttable()
  await provider.write(0, filled(SIZE, 2))
  await provider.persist(70, 4)
  await provider.powerCut()
  const expected = filled(SIZE, 1).fill(2, 64, 128)
  expect([...bytes]).toEqual([...expected])
})

test('the storage under it stays open, for the next that attaches', async () => {
  const { inner, provider, bytes } = cuttable()
  await provider.write(0, filled(8, 2))
  await provider.powerCut()
  provider.close()
  inner.write(0, filled(8, 3))
  expect(bytes[0]).toBe(3)
})

test('every later call fails, until the close', async () => {
  const { provider } = cuttable()
  void provider.powerCut()
  const calls: (() => unknown)[] = [
    () => provider.read(0, new Uint8Array(1)),
    () => provider.readInto?.(0, new Uint8Array(1), 0, 1),
    () => provider.write(0, new Uint8Array(1)),
    () => provider.writeFrom?.(0, new Uint8Array(1), 0, 1),
    () => provider.zero?.(0, 1),
    () => provider.flush(),
    () => provider.persist(0, 1),
  ]
  for (const call of calls) expect(call).toThrow(ProviderIoError)
  provider.close()
  for (const call of calls) expect(call).toThrow(ClosedError)
})

test('flushes that sleep, or wait for a slot, fail at once', async () => {
  vi.useFakeTimers()
  const inner = new MemoryProvider({ size: SIZE })
  const options = { flushDelayMs: 1000, flushQueue: 1, losesUnflushed: true }
  const provider = new SleepingFlushProvider(inner, options)
  const failures = [provider.flush(), provider.flush()].map((wait) =>
    Promise.resolve(wait).catch((error: unknown) => error),
  )
  await vi.advanceTimersByTimeAsync(10)
  await provider.powerCut()
  for (const failure of await Promise.all(failures)) expect(failure).toBeInstanceOf(ProviderIoError)
})

test('a flush whose inner flush is under way fails, and what it was for is lost', async () => {
  let end = (): void => {}
  const asked = vi.fn<() => Promise<void>>(() => new Promise((resolve) => (end = resolve)))
  const { provider, bytes } = cuttable((inner) => ({ ...remote(inner), flush: asked }))
  await provider.write(0, filled(8, 2))
  const failure = Promise.resolve(provider.flush()).catch((error: unknown) => error)
  await vi.waitFor(() => expect(asked).toHaveBeenCalled())
  const cut = provider.powerCut()
  end()
  await cut
  expect(await failure).toBeInstanceOf(ProviderIoError)
  expect(bytes[0]).toBe(1)
})

test('writes that are under way are lost too, and those behind them are not made', async () => {
  const { provider, bytes } = cuttable(remote)
  const ends = [2, 3].map((byte) =>
    Promise.resolve(provider.write(0, filled(8, byte))).then(
      () => 'stored',
      (error: Error) => error.name,
    ),
  )
  await provider.powerCut()
  expect(new Set(bytes)).toEqual(new Set([1]))
  expect(await Promise.all(ends)).toEqual(['ProviderIoError', 'ProviderIoError'])
})

test('a write that the storage under it is just making is lost, however late it ends', async () => {
  let end = (): void => {}
  const asked = vi.fn<() => void>()
  const { provider, bytes } = cuttable((inner) => ({
    ...remote(inner),
    write: async (offset, source) => {
      asked()
      if (asked.mock.calls.length === 1) await new Promise<void>((resolve) => (end = resolve))
      inner.write(offset, source)
    },
  }))
  const write = Promise.resolve(provider.write(0, filled(8, 2)))
  await vi.waitFor(() => expect(asked).toHaveBeenCalled())
  const cut = provider.powerCut()
  // As long as a cut takes that does not wait for the write.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => void setImmediate(resolve))
  end()
  await Promise.all([write, cut])
  expect(new Set(bytes)).toEqual(new Set([1]))
})

test('over storage that waits, what a write is undone to is what the write before it stored, though both were begun at once', async () => {
  const { provider, bytes } = cuttable(remote)
  const [first, second] = [2, 3].map(async (byte) => provider.write(0, filled(8, byte)))
  await first
  const flushed = Promise.resolve(provider.flush())
  await second
  await flushed
  await provider.powerCut()
  expect([...bytes.subarray(0, 8)]).toEqual([...filled(8, 2)])
})

test('over storage that waits, writes at once to one place are undone to what was there', async () => {
  const { provider, bytes } = cuttable(remote)
  await Promise.all([2, 3, 4].map(async (byte) => provider.write(byte, filled(8, byte))))
  expect([...bytes.subarray(0, 13)]).toEqual([1, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 1])
  await provider.powerCut()
  expect(new Set(bytes)).toEqual(new Set([1]))
})

test('a second cut is the first', async () => {
  const { provider } = cuttable()
  const cut = provider.powerCut()
  expect(provider.powerCut()).toBe(cut)
})

test('without the option there is nothing to lose, and with it no threads', () => {
  const inner = new MemoryProvider({ size: 8, shared: true })
  expect(() => new SleepingFlushProvider(inner).powerCut()).toThrow(TypeError)
  expect(new SleepingFlushProvider(inner).share).toBeDefined()
  expect(new SleepingFlushProvider(inner, { losesUnflushed: true }).share).toBeUndefined()
})

test('what is no seed, and a cut after the close, are refused', () => {
  const { provider } = cuttable()
  expect(() => provider.powerCut({ seed: -1 })).toThrow(TypeError)
  provider.close()
  expect(() => provider.powerCut()).toThrow(ClosedError)
})

test('refused stores leave nothing behind', async () => {
  const { provider, bytes } = cuttable()
  expect(() => provider.write(SIZE - 4, filled(8, 2))).toThrow(OutOfRangeError)
  expect(() => provider.zero?.(0, 2 ** 53)).toThrow(OutOfRangeError)
  await provider.powerCut()
  expect(new Set(bytes)).toEqual(new Set([1]))
})

test('a bad block can be written over, and only that write survives, where nothing can be brought back', async () => {
  const inner = new MemoryProvider({ bytes: new Uint8Array(2048).fill(1) })
  const healthy = inner.read.bind(inner)
  let isBad = true
  const provider = new SleepingFlushProvider(
    Object.assign(inner, {
      read: (offset: number, target: Uint8Array): undefined => {
        if (isBad && offset < 1024 && offset + target.length > 512) {
          throw new BadBlockError({ image: 'memory', offset: 512 }, 'lost')
        }
        healthy(offset, target)
      },
    }),
    { losesUnflushed: true },
  )
  await provider.write(256, filled(1024, 2))
  isBad = false
  await provider.powerCut()
  const expected = new Uint8Array(2048).fill(1).fill(2, 512, 1024)
  expect([...inner.mapping]).toEqual([...expected])
})
