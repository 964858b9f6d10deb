import { expect, test } from 'vitest'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import type { BttDevice, Sleepable } from '@bttkit/interfaces'
import type { StressedDevice } from './stress-task.ts'
import { isBijection } from './bijection.ts'
import { sleeping, stressMemory, timeless, type MemoryRun } from './stress.test-support.ts'

const twoWriters: MemoryRun = { lanes: 'recursion-count', tasks: 8, cpus: 4 }
const moreCpusThanLanes: MemoryRun = { lanes: 'recursion-count', tasks: 8, cpus: 4, laneCount: 2 }
const readersAndAWriter: MemoryRun = {
  lanes: 'recursion-count',
  tasks: 3,
  cpus: 2,
  readers: 2,
  operations: 20_000,
}

test.each([
  ['two writers on one CPU', twoWriters],
  ['more CPUs than lanes', moreCpusThanLanes],
  ['more CPUs than lanes, and preemption before the lock', { ...moreCpusThanLanes, preemptBeforeLock: true }],
])(
  'recursion-count, %s: wrong bytes with their writers, two LBAs on one block, leaks, equal sequence numbers',
  async (_, run) => {
    const report = await stressMemory(run)
    expect(report.verdict).toBe('corrupt')
    const { first } = report.mismatches
    expect(first.some(({ kind, culprit, lba }) => kind === 'other LBA' && culprit?.lba !== lba)).toBe(true)
    expect(first.some(({ culprit }) => typeof culprit?.lane === 'number')).toBe(true)
    const { mappedTwice, leaked, sequences } = report.bijection
    expect(mappedTwice.first[0]?.lbas.length).toBeGreaterThan(1)
    expect(leaked.count).toBeGreaterThan(0)
    expect(sequences.first.some(({ sequences: [one, other] }) => one === other)).toBe(true)
  },
)

test('recursion-count, two readers on one CPU and a writer on another: wrong bytes are read, and the image is in order', async () => {
  const report = await stressMemory(readersAndAWriter)
  expect(report.mismatches.count).toBeGreaterThan(0)
  expect(report.mismatches.first.every(({ reader }) => reader.task < 2)).toBe(true)
  expect(report.mismatches.first.every(({ culprit }) => culprit === null || culprit.task === 2)).toBe(true)
  expect(isBijection(report.bijection)).toBe(true)
  expect(report.failures).toEqual([])
})

test.each<[string, MemoryRun]>([
  ['mutex', {}],
  ['mutex, static', { policy: 'static' }],
  ['mutex, fewer lanes than tasks', { laneCount: 2 }],
  ['mutex, sectors of 4096 bytes', { externalLbasize: 4096, operations: 600 }],
  ['mutex, sectors with metadata', { externalLbasize: 520 }],
  ['mutex, zeroing by data', { zeroing: 'data' }],
  ['mutex, readers among the tasks', { readers: 4 }],
  ['spinlock-bh, preempted', { lanes: 'spinlock-bh' }],
  ['spinlock-bh, preempted, fewer lanes than CPUs', { lanes: 'spinlock-bh', laneCount: 2 }],
  ['owner-spinlock with one owner a CPU', { lanes: 'owner-spinlock', tasks: 4, cpus: 4, laneCount: 2 }],
  ['spinlock-preemption-off, not preempted', { lanes: 'spinlock-preemption-off', preempt: false }],
  ['recursion-count, not preempted', { lanes: 'recursion-count', preempt: false }],
])('%s: nothing is found', async (_, run) => {
  const report = await stressMemory(run)
  expect(report.mismatches).toEqual({ count: 0, first: [] })
  expect(report.failures).toEqual([])
  expect(report.verdict).toBe('clean')
  expect(report.operations.begun).toBeGreaterThanOrEqual(600)
})

test.each<[string, MemoryRun]>([
  ['spinlock-preemption-off, preempted all the same', { lanes: 'spinlock-preemption-off' }],
  ['owner-spinlock, where a softirq of its CPU comes in', { lanes: 'owner-spinlock', tasks: 8, cpus: 4 }],
])('%s: corrupts', async (_, run) => {
  expect((await stressMemory(run)).verdict).toBe('corrupt')
})

test('spinlock-bh fails at the first flush that sleeps, and corrupts nothing', async () => {
  const report = await stressMemory({ lanes: 'spinlock-bh', operations: 50, layer: sleeping })
  expect(report.verdict).toBe('failed')
  expect(report.failures.map(({ code }) => code)).toEqual(['BTT_WOULD_SLEEP'])
  expect(report.operations.writes).toBe(0)
})

test('a flush that sleeps is nothing to mutexes', async () => {
  const report = await stressMemory({ operations: 100, layer: sleeping })
  expect(report.verdict).toBe('clean')
  expect(report.operations.writes).toBeGreaterThan(0)
})

test.each<[string, MemoryRun]>([
  ['clean', {}],
  ['corrupt', twoWriters],
])('a seed repeats a run that is %s, in all but its times', async (verdict, run) => {
  const report = await stressMemory({ ...run, seed: 77 })
  expect(report.verdict).toBe(verdict)
  expect(timeless(await stressMemory({ ...run, seed: 77 }))).toEqual(timeless(report))
  expect(timeless(await stressMemory({ ...run, seed: 78 }))).not.toEqual(timeless(report))
})

test('a seed repeats a run over storage that sleeps', async () => {
  const run = { seed: 5, operations: 40, layer: sleeping }
  expect(timeless(await stressMemory(run))).toEqual(timeless(await stressMemory(run)))
})

test('a shorter run is the beginning of a longer one', async () => {
  const long = await stressMemory({ ...twoWriters, seed: 3 })
  const [first] = long.mismatches.first
  const short = await stressMemory({ ...twoWriters, seed: 3, operations: (first?.operation ?? 0) + 1 })
  expect(short.mismatches.first[0]).toEqual(first)
})

test('a run ends early when it is told to', async () => {
  const report = await stressMemory({ operations: 10 ** 9, signal: AbortSignal.abort() })
  expect(report.verdict).toBe('clean')
  expect(report.operations.begun).toBeLessThan(1000)
})

test('tasks that wait for a lane that nobody gives back are reported, and the run ends', async () => {
  class KeepingLanes extends MutexLaneTable {
    private releases = 0

    override release(lane: number, turn?: number): void {
      if (++this.releases < 100) super.release(lane, turn)
    }
  }
  const makeLanes: MemoryRun['makeLanes'] = (words, policy) => new KeepingLanes(words, policy)
  const report = await stressMemory({ makeLanes, laneCount: 2 })
  expect(report.failures.map(({ code }) => code)).toContain('DEADLOCK')
  expect(report.verdict).toBe('failed')
})

/** A device that writes parts of a sector as programs do that have none: it reads the sector, and writes it as a whole. */
function withoutPartWrites(device: BttDevice): StressedDevice {
  const { sleepable, sectorSize } = device
  const writeBytes = function* (offset: number, source: Uint8Array): Sleepable<void> {
    const lba = Math.floor(offset / sectorSize)
    const count = Math.ceil((offset + source.length) / sectorSize) - lba
    const sectors = new Uint8Array(count * sectorSize)
    yield* sleepable.read(lba, sectors)
    sectors.set(source, offset - lba * sectorSize)
    yield* sleepable.write(lba, sectors)
  }
  return {
    sleepable: {
      read: (lba, target) => sleepable.read(lba, target),
      write: (lba, source) => sleepable.write(lba, source),
      zero: (lba, count) => sleepable.zero(lba, count),
      flush: () => sleepable.flush(),
      close: () => sleepable.close(),
      readBytes: (offset, target) => sleepable.readBytes(offset, target),
      zeroBytes: (offset, length) => sleepable.zeroBytes(offset, length),
      writeBytes,
    },
  }
}

test('a write of a part that takes no notice of the other parts is found, with the write that shows again', async () => {
  const report = await stressMemory({ deviceLayer: withoutPartWrites })
  expect(report.verdict).toBe('corrupt')
  expect(report.mismatches.first.some(({ kind }) => kind === 'stale')).toBe(true)
  expect(
    report.mismatches.first.every(({ reader, culprit }) => culprit === null || culprit.task === reader.task),
  ).toBe(true)
  expect(isBijection(report.bijection)).toBe(true)
})

/** Map locks that keep nobody out. */
class OpenLocks extends MutexLocks {
  override tryAcquire(): boolean {
    return true
  }

  override release(): void {}
}

/** Read tracking that no writer heeds. */
class UnheededReads extends LocalReadTracking {
  override isRead(): boolean {
    return false
  }
}

/** Lanes of which one is given to everybody when all are held. */
class OverbookedLanes extends MutexLaneTable {
  override tryAcquire(hint: number): number {
    return super.tryAcquire(hint) ?? 0
  }

  override release(lane: number): void {
    try {
      super.release(lane)
    } catch {
      // Another one who was in it has left before.
    }
  }

  override turnOf(): number {
    return 0
  }
}

test.each<[string, MemoryRun]>([
  ['map locks that keep nobody out', { lockTable: (words) => new OpenLocks(words, 'map-lock') }],
  ['read tracking that no writer heeds', { readTracking: (words) => new UnheededReads(words), laneCount: 4 }],
  [
    'lanes that are overbooked',
    { makeLanes: (words, policy) => new OverbookedLanes(words, policy), laneCount: 4 },
  ],
])('%s are found', async (_, run) => {
  const report = await stressMemory({ ...run, operations: 20_000 })
  expect(report.verdict).toBe('corrupt')
  expect(report.mismatches.count).toBeGreaterThan(0)
})
