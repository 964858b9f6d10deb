/** In which order a batch takes its locks and makes its stores, and what of them is made durable by which call. */
import { expect, test } from 'vitest'
import type { MaybeSleep, PmemProvider } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES } from '@bttkit/btt-format'
import { MutexLocks } from '@bttkit/region-lanes'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { BttEngine } from './engine.ts'
import { MIB, engine, freshMemory, parts } from './engine.test-support.ts'
import { RecordingProvider, type RecordedCall } from './recorded-calls.test-support.ts'

const SECTOR = 512
const LANES = 32
const flushed = { flush: 'immediate', durableOnWrite: false, sameLineOrdered: false } as const

const fresh = () => freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: LANES })
const content = (sectors: number): Uint8Array =>
  Uint8Array.from({ length: sectors * SECTOR }, (_, at) => 1 + Math.floor(at / SECTOR))

class RecordedLocks extends MutexLocks {
  readonly taken: number[] = []

  override tryAcquire(index: number): boolean {
    const isTaken = super.tryAcquire(index)
    if (isTaken) this.taken.push(index)
    return isTaken
  }
}

test.each([
  { lockCount: 8, expected: [3, 4, 5] },
  { lockCount: 5, expected: [0, 3, 4] },
  { lockCount: 2, expected: [0, 1] },
  { lockCount: 1, expected: [0] },
])(
  'of $lockCount map locks the batch takes those of its three lines in ascending order, each once',
  ({ lockCount, expected }) => {
    const tables: RecordedLocks[] = []
    const other = new BttEngine({
      ...parts,
      lockTable: (words) => {
        const locks = new RecordedLocks(words.subarray(0, lockCount), 'map-lock')
        tables.push(locks)
        return locks
      },
    })
    const device = runAtomic(other.attach(fresh()))
    device.atomic.write(3 * 16 + 14, content(20))
    expect(tables.map(({ taken }) => taken)).toEqual([expected])
    expect(tables.map((locks) => locks.heldCount())).toEqual([0])
  },
)

test.each([2, 6, 20])('of %i map entries all are made durable together', (count) => {
  const provider = new RecordingProvider(fresh(), flushed)
  const device = runAtomic(engine.attach(provider))
  provider.calls.length = 0
  device.atomic.write(10, content(count))
  const ofMap = (method: RecordedCall['method']): RecordedCall[] =>
    provider.calls.filter((call) => call.stage === 'map' && call.method === method)
  const [persist] = ofMap('persist')
  if (persist === undefined) throw new Error('the map is persisted')
  const offset = ofMap('write')[0]?.offset
  expect([persist.offset, persist.length]).toEqual([offset, count * MAP_ENTRY_BYTES])
  expect(ofMap('write').reduce((bytes, { length }) => bytes + length, 0)).toBe(persist.length)
})

test('where the halves of a flog entry share a flush, each half 0 is stored before its half 1', () => {
  const provider = new RecordingProvider(fresh(), { ...flushed, sameLineOrdered: true })
  const device = runAtomic(engine.attach(provider))
  provider.calls.length = 0
  device.atomic.write(10, content(3))
  const stores = provider.calls.filter(({ stage, method }) => /flog/.test(stage ?? '') && method === 'write')
  const lanes = [...new Set(stores.map(({ lane }) => lane))]
  expect(lanes).toHaveLength(3)
  for (const lane of lanes)
    expect(stores.filter((store) => store.lane === lane).map(({ stage }) => stage)).toEqual([
      'flog half 0',
      'flog half 1',
    ])
})

class ThroughProvider extends RecordingProvider {
  writeThrough(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    this.record('writeThrough', offset, length)
    return this.inner.write(offset, source.subarray(start, start + length))
  }
}

function dataCalls(provider: PmemProvider & RecordingProvider): string[] {
  return provider.takeLines().filter((line) => line.startsWith('data'))
}

test('data in one piece go through in one call, in several they are stored and made durable together', () => {
  const memory = fresh()
  const provider = new ThroughProvider(memory, flushed)
  const device = runAtomic(engine.attach(provider))
  provider.takeLines()
  // The free blocks of a new image lie one behind the other.
  device.atomic.write(64, content(LANES))
  expect(dataCalls(provider)).toEqual(['data: writeThrough'])
  for (const lba of [200, 300]) device.atomic.write(lba, content(1))
  provider.takeLines()
  device.atomic.write(64, content(LANES))
  const calls = dataCalls(provider)
  expect(calls.length).toBeGreaterThan(2)
  expect(new Set(calls.slice(0, -1))).toEqual(new Set(['data: write']))
  expect(calls.at(-1)).toBe('data: flush')
  const found = new Uint8Array(LANES * SECTOR)
  device.atomic.read(64, found)
  expect(found).toEqual(content(LANES))
})

test.each([
  ['for one thread, the entries of a map line are stored together', {}, [3 * MAP_ENTRY_BYTES]],
  [
    'where other threads look at entries without the lock, each is stored on its own',
    { threads: true },
    [MAP_ENTRY_BYTES, MAP_ENTRY_BYTES, MAP_ENTRY_BYTES],
  ],
])('%s', async (_what, options, lengths) => {
  const provider = new RecordingProvider(fresh(), { ...flushed, atomicAccessBytes: MAP_ENTRY_BYTES })
  const device = await runAsync(engine.attach(provider, options))
  provider.calls.length = 0
  await device.write(10, content(3))
  const stores = provider.calls.filter(({ stage, method }) => stage === 'map' && method === 'write')
  expect(stores.map(({ length }) => length)).toEqual(lengths)
  await device.close()
})

test('sectors that are written without metadata lose what their blocks had', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 520, nfree: 3 })
  const device = runAtomic(engine.attach(memory))
  // Twice, so that the free blocks have some, too.
  for (let round = 0; round < 2; round++) device.atomic.write(10, content(3), new Uint8Array(3 * 8).fill(7))
  device.atomic.write(10, content(3))
  const metadata = new Uint8Array(3 * 8).fill(1)
  device.atomic.read(10, new Uint8Array(3 * SECTOR), metadata)
  expect(metadata).toEqual(new Uint8Array(3 * 8))
})
