/** One file that several threads map. */
import { once } from 'node:events'
import { renameSync, truncateSync, writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { ImageLockedError, ProviderOpenError, type ProviderShare } from '@bttkit/interfaces'
import { DaxProvider } from './index.ts'
import { loadLibpmem } from './native.ts'
import { forcePmem, makeFile, openDax, skipWithoutMappings, watchSync } from './scratch.test-support.ts'
import type { CountingJob, CountingReport } from './counting-thread.test-support.ts'
import type { StoringJob } from './storing-thread.test-support.ts'

skipWithoutMappings()

const LOOKS = 200_000

function joinDax(share: ProviderShare): DaxProvider {
  const provider = DaxProvider.join(share)
  onTestFinished(() => provider.close())
  return provider
}

/** A thread that runs one of the files beside this one. */
function startThread(file: string, workerData: unknown): Worker {
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData,
    execArgv: ['--conditions=@bttkit/source'],
  })
  onTestFinished(async () => {
    await worker.terminate()
  })
  return worker
}

async function count(job: CountingJob): Promise<CountingReport> {
  const worker = startThread('counting-thread.test-support.ts', job)
  const [report] = await once(worker, 'message', { signal: AbortSignal.timeout(20_000) })
  return report as CountingReport
}

/** A thread that stores by the time this is over, what it says of itself, and how to end it in peace. */
async function startStoring(
  job: Omit<StoringJob, 'stop'>,
): Promise<{ said: unknown; end: () => Promise<unknown> }> {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const workerData: StoringJob = { ...job, stop }
  const worker = startThread('storing-thread.test-support.ts', workerData)
  const exited = once(worker, 'exit', { signal: AbortSignal.timeout(25_000) })
  const [said] = await once(worker, 'message', { signal: AbortSignal.timeout(20_000) })
  const end = async (): Promise<unknown> => {
    Atomics.store(stop, 0, 1)
    return (await exited)[0]
  }
  return { said, end }
}

test.each([
  [4, 0],
  [8, 0],
  [4, 1],
  [8, 4],
])(
  'an aligned piece of %i bytes, from byte %i of the buffer of another thread, is never seen torn',
  async (length, start) => {
    const provider = openDax(4096)
    const { end } = await startStoring({ share: provider.share(), offset: 136, length, start })
    const seen = new Set<bigint>()
    const longs = new BigUint64Array(provider.mapping?.buffer ?? expect.fail('no mapping'), 136, 1)
    const words = new Uint32Array(longs.buffer, 136, 1)
    const deadline = performance.now() + 20_000
    for (let looks = 0; looks < LOOKS || (seen.size < 2 && performance.now() < deadline); looks++) {
      seen.add(length === 8 ? Atomics.load(longs, 0) : BigInt(Atomics.load(words, 0)))
    }
    expect(await end()).toBe(0)
    expect([...seen].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([0n, 2n ** BigInt(8 * length) - 1n])
  },
)

test.each([0, 1])(
  'a word that another thread stores is never read torn, to byte %i of a buffer',
  async (start) => {
    const provider = openDax(4096)
    const { end } = await startStoring({ share: provider.share(), offset: 136, length: 4, start: 0 })
    const seen = new Set<string>()
    const target = new Uint8Array(start + 4)
    const deadline = performance.now() + 20_000
    for (let looks = 0; looks < LOOKS || (seen.size < 2 && performance.now() < deadline); looks++) {
      provider.readInto(136, target, start, 4)
      seen.add(target.subarray(start).join(' '))
    }
    expect(await end()).toBe(0)
    expect([...seen].toSorted()).toEqual(['0 0 0 0', '255 255 255 255'])
  },
)

test('a thread that joins persists as the one that shared, and ends without harm to it', async () => {
  const provider = openDax(4096, { persist: 'msync' })
  const { said, end } = await startStoring({ share: provider.share(), offset: 0, length: 64, start: 0 })
  expect(said).toEqual({ persistence: 'msync', name: provider.name })
  expect(await end()).toBe(0)
  provider.write(0, Uint8Array.of(1))
  const target = new Uint8Array(1)
  provider.read(0, target)
  expect([...target]).toEqual([1])
})

test.for(['msync', 'libpmem'] as const)(
  'several threads have the same bytes, by %s',
  async (persist, context) => {
    if (persist === 'libpmem') {
      if (loadLibpmem() === undefined) context.skip('libpmem.so.1 is not installed')
      forcePmem()
    }
    const provider = openDax(65536, { persist })
    const share = provider.share()
    const jobs = [1, 2, 3, 4].map((ownByte) => ({
      share,
      counterOffset: 60_000,
      counts: 20_000,
      ownOffset: ownByte * 4096 + 100,
      ownByte,
      ownLength: 4096,
    }))
    const reports = await Promise.all(jobs.map(count))
    for (const { keptBytes, refused } of reports) {
      expect(keptBytes).toBe(0)
      expect(refused).toEqual([true, true, true, true, true])
    }
    const all = new Uint8Array(65536)
    provider.read(0, all)
    if (provider.mapping !== undefined) expect(new DataView(all.buffer).getInt32(60_000, true)).toBe(80_000)
    const own = all.subarray(4196, 4196 + 4 * 4096)
    expect(own.every((byte, at) => byte === 1 + Math.floor(at / 4096))).toBe(true)
  },
)

test('joins the same file when its path leads elsewhere', () => {
  const path = makeFile(4096)
  const provider = openDax(path)
  renameSync(path, `${path}.old`)
  writeFileSync(path, Buffer.alloc(4096, 9))
  const joined = joinDax(provider.share())
  joined.write(0, Uint8Array.of(5))
  expect(provider.mapping?.[0]).toBe(5)
})

test('a file for reading is joined for reading', () => {
  expect(joinDax(openDax(4096, { readOnly: true }).share()).readOnly).toBe(true)
})

test('closing what was joined does not end the lock, and it takes none', () => {
  const path = makeFile(4096)
  const provider = openDax(path)
  provider.lock('exclusive')
  const joined = joinDax(provider.share())
  expect(() => joined.lock('shared')).toThrow(TypeError)
  joined.close()
  expect(() => openDax(path).lock('shared')).toThrow(ImageLockedError)
})

test('what was closed cannot be joined', () => {
  const provider = openDax(4096)
  const share = provider.share()
  provider.close()
  expect(() => joinDax(share)).toThrow(ProviderOpenError)
})

test('another file on the same descriptor is not taken for it', () => {
  const provider = openDax(4096)
  const other = openDax(4096)
  const handle = { ...(provider.share().handle as object), fd: (other.share().handle as { fd: number }).fd }
  expect(() => joinDax({ scheme: 'dax', handle })).toThrow(expect.objectContaining({ errno: 'ESTALE' }))
})

test('a file that was cut meanwhile is not joined', () => {
  const path = makeFile(8192)
  const share = openDax(path).share()
  truncateSync(path, 4096)
  expect(() => joinDax(share)).toThrow(expect.objectContaining({ errno: 'ESTALE' }))
})

test.each([
  { scheme: 'file', handle: {} },
  { scheme: 'dax', handle: undefined },
])('what is not a share of a mapped file is refused: %o', (share) => {
  expect(() => joinDax(share)).toThrow(TypeError)
})

test('a flush is for the stores of all threads, because one that died flushes nothing', () => {
  const sync = watchSync()
  const provider = openDax(8192, { persist: 'msync' })
  const joined = joinDax(provider.share())
  for (const flushing of [provider, joined]) {
    sync.mockClear()
    flushing.flush()
    expect(sync.mock.calls.map(([, length]) => length)).toEqual([8192])
  }
})
