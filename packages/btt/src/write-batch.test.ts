/** Which calls a request of several sectors makes: how many sectors share a flush, and in which lanes. */
import { expect, test } from 'vitest'
import type {
  AttachOptions,
  ByteRange,
  MaybeSleep,
  ProviderCapabilities,
  Sleepable,
  Wait,
} from '@bttkit/interfaces'
import { errorEntry } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { RecursionCountLaneTable, MutexLaneTable } from '@bttkit/region-lanes'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { BttEngine } from './engine.ts'
import {
  MIB,
  PreemptingProvider,
  bijectionProblems,
  engine,
  freshMemory,
  parts,
} from './engine.test-support.ts'
import { RecordingProvider } from './recorded-calls.test-support.ts'
import { smallArenas } from './small-arenas.test-support.ts'

const SECTOR = 512
const flushed = { flush: 'immediate', durableOnWrite: false, sameLineOrdered: false } as const

/** Persists several ranges in one call, and keeps which. */
class RangesProvider extends RecordingProvider {
  readonly ranges: (readonly ByteRange[])[] = []

  persistMany(ranges: readonly ByteRange[]): MaybeSleep {
    this.ranges.push(ranges.map((range) => ({ ...range })))
    this.record('persist', 0, 0)
    return undefined
  }
}

function recorded(
  options: AttachOptions = {},
  capabilities: Partial<ProviderCapabilities> = {},
  externalLbasize = SECTOR,
) {
  const memory = freshMemory(17 * MIB, { externalLbasize, nfree: 64 })
  const provider = new RangesProvider(memory, { ...flushed, ...capabilities })
  const device = runAtomic(engine.attach(provider, options))
  provider.takeLines()
  return { provider, device, memory }
}

const content = (sectors: number, from = 1): Uint8Array =>
  Uint8Array.from({ length: sectors * SECTOR }, (_, at) => from + Math.floor(at / SECTOR))

const repeat = (count: number, line: string): string[] => Array.from({ length: count }, () => line)

test.each([2, 5, 32])('%i sectors share four flushes', (count) => {
  const { provider, device } = recorded()
  device.atomic.write(64, content(count))
  const lines = Math.ceil(count / 16)
  expect(provider.takeLines()).toEqual([
    // The free blocks of a new image lie one behind the other.
    'data: write',
    'data: persist',
    ...repeat(lines, 'map: read'),
    ...repeat(count, 'flog half 0: write'),
    'flog half 0: persist',
    ...repeat(count, 'flog half 1: write'),
    'flog half 1: persist',
    ...repeat(lines, 'map: write'),
    'map: persist',
  ])
  expect(device.statistics()).toMatchObject({ lanesInUse: 0 })
})

test('where the halves of a flog entry share a flush there are three', () => {
  const { provider, device } = recorded({}, { sameLineOrdered: true })
  device.atomic.write(64, content(3))
  expect(provider.takeLines().filter((line) => line.endsWith('persist'))).toEqual([
    'data: persist',
    'flog: persist',
    'map: persist',
  ])
})

test('each half of a flog entry is stored to its own slot, and what is persisted covers them all', () => {
  const { provider, device } = recorded()
  for (let round = 0; round < 3; round++) device.atomic.write(64, content(8, round))
  const calls = provider.calls.splice(0)
  for (const half of [0, 1]) {
    const stage = `flog half ${half}`
    const stores = calls.filter((call) => call.stage === stage && call.method === 'write')
    const persists = calls.filter((call) => call.stage === stage && call.method === 'persist')
    expect([stores.length, persists.length]).toEqual([24, 3])
    for (const [index, { offset, length }] of stores.entries()) {
      const { offset: from, length: count } = persists[Math.floor(index / 8)] ?? { offset: 0, length: 0 }
      expect(from <= offset && offset + length <= from + count).toBe(true)
    }
  }
})

test('data that are apart are persisted by their ranges, all in one call', () => {
  const { provider, device } = recorded({ lanePolicy: 'static' })
  // One lane after the other, so that the lanes of the batch have blocks of different places.
  for (const lba of [100, 300, 200, 400]) device.atomic.write(lba, content(1))
  for (const lba of [101, 301, 201, 401]) device.atomic.write(lba, content(1))
  for (let left = 64 - 8; left > 0; left--) device.atomic.write(500 + left * 8, content(1))
  provider.takeLines()
  device.atomic.write(64, content(4))
  const lines = provider.takeLines()
  expect(lines.filter((line) => line.startsWith('data'))).toEqual([
    ...repeat(4, 'data: write'),
    'data: persist',
  ])
  expect(provider.ranges.at(-1)).toMatchObject(repeat(4, '').map(() => ({ length: SECTOR })))
})

test.each([
  [1, 9],
  [2, 5],
  [4, 3],
  [8, 2],
  [9, 1],
])('over %i lanes nine sectors take %i rounds of flushes', (laneCount, rounds) => {
  const { provider, device, memory } = recorded({ laneCount })
  device.atomic.write(64, content(9))
  const persists = provider.takeLines().filter((line) => line.endsWith('persist'))
  expect(persists).toHaveLength(4 * rounds)
  const found = new Uint8Array(9 * SECTOR)
  device.atomic.read(64, found)
  expect(found).toEqual(content(9))
  expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
})

test('a batch has 32 sectors at most', () => {
  const { provider, device } = recorded()
  device.atomic.write(64, content(33))
  expect(provider.takeLines().filter((line) => line === 'map: persist')).toHaveLength(2)
})

test('parts at both ends of a range are in the batch', () => {
  const { provider, device } = recorded()
  device.atomic.write(64, content(4))
  provider.takeLines()
  device.atomic.writeBytes(64 * SECTOR + 100, new Uint8Array(3 * SECTOR).fill(9))
  expect(provider.takeLines().filter((line) => line.endsWith('persist'))).toHaveLength(4)
  const expected = content(4)
  expected.fill(9, 100, 100 + 3 * SECTOR)
  const found = new Uint8Array(4 * SECTOR)
  device.atomic.read(64, found)
  expect(found).toEqual(expected)
})

test('metadata are stored behind each sector, and persisted with it', () => {
  const { provider, device } = recorded({}, {}, 520)
  const metadata = Uint8Array.from({ length: 3 * 8 }, (_, at) => at)
  device.atomic.write(64, content(3), metadata)
  const data = provider.takeLines().filter((line) => /data/.test(line))
  expect(data).toEqual([
    'data: write',
    'metadata: write',
    'data: write',
    'metadata: write',
    'data: write',
    'metadata: write',
    'data: persist',
  ])
  const found = { data: new Uint8Array(3 * SECTOR), metadata: new Uint8Array(3 * 8) }
  device.atomic.read(64, found.data, found.metadata)
  expect(found).toEqual({ data: content(3), metadata })
})

test('a batch ends with its arena', () => {
  const bytes = smallArenas()
  const provider = new RangesProvider(new MemoryProvider({ bytes }, 'two arenas'), flushed)
  const device = runAtomic(engine.attach(provider))
  const border = device.info.arenas[0]?.externalNlba ?? 0
  provider.takeLines()
  device.atomic.write(border - 2, new Uint8Array(4 * device.sectorSize).fill(1))
  expect(provider.takeLines().filter((line) => line === 'map: persist')).toHaveLength(2)
  expect(bijectionProblems(bytes, 4096)).toEqual([])
})

test.each([
  ['let two tasks into one lane', (words: Int32Array) => new RecursionCountLaneTable(words, 1)],
  [
    'have waiters on other threads',
    (words: Int32Array) => Object.assign(new MutexLaneTable(words), { isWaitedFor: () => true }),
  ],
])('lanes that %s are taken one at a time', (_what, makeTable) => {
  const provider = new RangesProvider(freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: 8 }), flushed)
  const other = new BttEngine({ ...parts, laneTable: (words) => makeTable(words.subarray(0, -1)) })
  const device = runAtomic(other.attach(provider, { allowUnsafeLanes: true }))
  provider.takeLines()
  device.atomic.write(64, content(3))
  expect(provider.takeLines().filter((line) => line === 'map: persist')).toHaveLength(3)
})

/** Drives an operation until the n-th of its calls of this kind is begun. Returns that wait. */
function driveTo(operation: Sleepable<void>, kind: string, nth: number): Wait {
  let left = nth
  for (let step = operation.next(); step.done !== true; step = operation.next()) {
    if (step.value.on?.kind === kind && --left === 0) return step.value
    step.value.block?.()
  }
  throw new Error('it has ended')
}

function preempted(laneCount: number) {
  const memory = freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: 8 })
  const device = runBlocking(engine.attach(new PreemptingProvider(memory), { laneCount, mapCacheBytes: 0 }))
  runBlocking(device.sleepable.write(64, content(4)))
  return { memory, device }
}

test('a batch of which a part was written meanwhile begins again with that part, and loses nothing', () => {
  const { memory, device } = preempted(8)
  const batch = device.sleepable.writeBytes(64 * SECTOR + 100, new Uint8Array(2 * SECTOR).fill(9))
  driveTo(batch, 'flush', 1)
  runBlocking(device.sleepable.write(66, content(1, 7)))
  runBlocking(batch)
  const expected = content(4)
  expected.set(content(1, 7), 2 * SECTOR)
  expected.fill(9, 100, 100 + 2 * SECTOR)
  const found = new Uint8Array(4 * SECTOR)
  runBlocking(device.sleepable.read(64, found))
  expect(found).toEqual(expected)
  expect(device.statistics().lanesInUse).toBe(0)
  expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
})

test('a batch waits for readers of its free blocks before it reads or stores anything', () => {
  const { device } = preempted(3)
  const reader = device.sleepable.read(65, new Uint8Array(SECTOR))
  // Its block is in the read tracking when it loads the map entry again.
  const read = driveTo(reader, 'read', 2)
  // The block that it reads becomes the free one of another lane.
  runBlocking(device.sleepable.write(65, content(1, 5)))
  const batch = device.sleepable.write(70, content(2))
  const { value } = batch.next()
  expect(value).toMatchObject({ on: { object: 'read-tracking', kind: 'acquire' } })
  read.block?.()
  runBlocking(reader)
  runBlocking(batch)
  expect(device.statistics().lanesInUse).toBe(0)
})

test.each([
  ['goes on', false],
  ['is attached again', true],
])(
  'the block of a lost sector that a batch has written is cleared before it is used, when the device %s',
  (_how, isAgain) => {
    const { memory, device, provider } = recorded({ laneCount: 4 })
    const [arena] = device.info.arenas
    if (arena === undefined) throw new Error('there is an arena')
    const view = new DataView(memory.mapping.buffer)
    view.setUint32(arena.offset + arena.mapoff + 65 * 4, errorEntry(65), true)
    device.atomic.write(64, content(4))
    const later = isAgain ? runAtomic(engine.attach(provider, { laneCount: 4 })) : device
    provider.takeLines()
    // A round of single sectors over all lanes.
    for (let lba = 80; lba < 84; lba++) later.atomic.write(lba, content(1))
    expect(provider.takeLines().filter((line) => line === 'clear: write')).toHaveLength(1)
  },
)
