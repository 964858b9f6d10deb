/** One memory on two threads. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { ClosedError, ReadOnlyError } from '@bttkit/interfaces'
import { MemoryProvider } from './index.ts'
import type { StoringJob } from './storing-thread.test-support.ts'

const LOOKS = 300_000

const sharedMemory = (): MemoryProvider => new MemoryProvider({ size: 4096, shared: true }, 'mem:x')

/** A thread that stores, by the time this is over, and stops after the test. */
async function startStoring(job: Omit<StoringJob, 'stop'>): Promise<void> {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const workerData: StoringJob = { ...job, stop }
  const worker = new Worker(new URL('storing-thread.test-support.ts', import.meta.url), {
    workerData,
    execArgv: ['--conditions=@bttkit/source'],
  })
  onTestFinished(async () => {
    Atomics.store(stop, 0, 1)
    await worker.terminate()
  })
  await once(worker, 'message', { signal: AbortSignal.timeout(20_000) })
}

/** Looks often, and goes on until the other thread was seen at work: it may have had no processor meanwhile. */
function lookOften(look: (seen: Set<number>) => void): Set<number> {
  const seen = new Set<number>()
  const deadline = performance.now() + 20_000
  for (let looks = 0; looks < LOOKS || (seen.size < 2 && performance.now() < deadline); looks++) look(seen)
  return seen
}

test('what one stores the other reads', () => {
  const first = sharedMemory()
  const second = MemoryProvider.join(first.share())
  second.write(100, Uint8Array.of(1, 2, 3))
  const target = new Uint8Array(3)
  first.read(100, target)
  expect([...target]).toEqual([1, 2, 3])
  expect([second.size, second.name, second.readOnly]).toEqual([4096, 'mem:x', false])
})

test('a part of a buffer stays that part', () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(100)).subarray(8, 40)
  const joined = MemoryProvider.join(new MemoryProvider({ bytes }).share())
  joined.write(31, Uint8Array.of(7))
  expect([joined.size, bytes[31]]).toEqual([32, 7])
})

test('memory that grows is as large for who joins as for who shares', () => {
  const bytes = new SharedArrayBuffer(64, { maxByteLength: 128 })
  const first = new MemoryProvider({ bytes })
  bytes.grow(128)
  const joined = MemoryProvider.join(first.share())
  expect([first.size, first.mapping.byteLength, joined.size]).toEqual([64, 64, 64])
})

test('read-only memory is read-only for all', () => {
  const joined = MemoryProvider.join(new MemoryProvider({ size: 8, shared: true, readOnly: true }).share())
  expect(() => joined.write(0, Uint8Array.of(1))).toThrow(ReadOnlyError)
})

test('each closes its own', () => {
  const first = sharedMemory()
  const second = MemoryProvider.join(first.share())
  first.close()
  expect(second.flush()).toBeUndefined()
  expect(() => first.share()).toThrow(ClosedError)
})

test('memory of one thread is not shared, and it says how it would be', () => {
  const sharing = (): unknown => new MemoryProvider({ size: 8 }, 'mem:x').share()
  expect(sharing).toThrow(TypeError)
  expect(sharing).toThrow(/^mem:x: .*'shared'.*'threads'/)
})

test.each([
  { scheme: 'file', handle: sharedMemory().share().handle },
  { scheme: 'mem', handle: undefined },
  { scheme: 'mem', handle: { buffer: new ArrayBuffer(8) } },
])('what is not a share of a memory is refused: %o', (share) => {
  expect(() => MemoryProvider.join(share)).toThrow(TypeError)
})

// At a word that begins no pointer: copies that go by pointers do the odd word byte by byte.
test.each([4, 8, 64])('no word of %i bytes is seen torn by another thread', async (length) => {
  const provider = sharedMemory()
  await startStoring({ share: provider.share(), offset: 132, length, what: 'ones and zeros' })
  const piece = new Uint8Array(length)
  const words = new Uint32Array(piece.buffer)
  const seen = lookOften((values) => {
    provider.read(132, piece)
    for (const word of words) values.add(word)
  })
  expect([...seen].toSorted((a, b) => a - b)).toEqual([0, 0xff_ff_ff_ff])
})

test('words are stored in ascending order', async () => {
  const provider = sharedMemory()
  await startStoring({ share: provider.share(), offset: 128, length: 8, what: 'counts' })
  const word = new Uint8Array(4)
  const view = new Uint32Array(word.buffer)
  const load = (offset: number): number => {
    provider.read(offset, word)
    return view[0] ?? 0
  }
  const seen = lookOften((rounds) => {
    // The second word has a count only after the first had it, so the first is never behind when it is looked at later.
    const second = load(132)
    const first = load(128)
    if (first < second) expect.fail(`the second word was stored first, in round ${second}`)
    rounds.add(second)
  })
  expect(seen.size).toBeGreaterThan(1)
})
