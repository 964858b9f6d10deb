/** Which lanes a batch takes, and how long it has them and its map locks. */
import { expect, test } from 'vitest'
import type { ByteRange, LanePolicy } from '@bttkit/interfaces'
import { MutexLaneTable } from '@bttkit/region-lanes'
import { runAsync, runAtomic, runBlocking } from '@bttkit/sleepable'
import { BttEngine } from './engine.ts'
import { MIB, PreemptingProvider, engine, freshMemory, parts } from './engine.test-support.ts'
import { LateProvider, settle } from './late-provider.test-support.ts'
import { RecordingProvider } from './recorded-calls.test-support.ts'

const SECTOR = 512
const LANES = 8

test.each<[LanePolicy, number, number]>([
  ['static', 2, 4],
  ['static', 4, 2],
  ['first-idle', 2, 4],
  ['first-idle', 4, 2],
])(
  'with %s lanes, requests of %i sectors are under way in %i batches at once',
  (lanePolicy, count, batches) => {
    const memory = freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: LANES })
    const device = runBlocking(engine.attach(new PreemptingProvider(memory), { lanePolicy }))
    const writes = Array.from({ length: batches }, (_, task) =>
      device.sleepable.write(task * 16, new Uint8Array(count * SECTOR).fill(task + 1)),
    )
    const waits = writes.map((write) => write.next().value)
    expect(waits.map((wait) => (wait === undefined ? undefined : wait.on?.object))).toEqual(
      writes.map(() => 'provider'),
    )
    expect(device.statistics().lanesInUse).toBe(LANES)
    for (const [task, write] of writes.entries()) {
      waits[task]?.block?.()
      runBlocking(write)
    }
    expect(device.statistics().lanesInUse).toBe(0)
  },
)

test('a batch has all of its lanes until its map entries are durable', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: LANES })
  const device = runBlocking(engine.attach(new PreemptingProvider(memory)))
  const write = device.sleepable.write(14, new Uint8Array(4 * SECTOR).fill(1))
  const inUse: number[] = []
  for (let step = write.next(); step.done !== true; step = write.next()) {
    inUse.push(device.statistics().lanesInUse)
    step.value.block?.()
  }
  expect(inUse).toEqual(inUse.map(() => 4))
  expect(inUse.length).toBeGreaterThan(12)
})

const flushed = { flush: 'immediate', durableOnWrite: false, sameLineOrdered: false } as const

/** Knows of a bad piece of the medium. */
class BadProvider extends RecordingProvider {
  bad: ByteRange[] = []

  override badBlocks(): readonly ByteRange[] {
    return this.bad
  }
}

test.each([1, 2, 3])('a lane whose free block is bad is left out, when it is lane %i', (lane) => {
  const provider = new BadProvider(freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: 4 }), flushed)
  const device = runAtomic(engine.attach(provider, { lanePolicy: 'static' }))
  const [arena] = device.info.arenas
  if (arena === undefined) throw new Error('there is an arena')
  // The free blocks of a new image lie behind the mapped ones.
  const offset = arena.offset + arena.dataoff + (arena.externalNlba + lane) * arena.internalLbasize
  provider.bad = [{ offset, length: SECTOR }]
  provider.calls.length = 0
  device.atomic.write(64, new Uint8Array(3 * SECTOR).fill(1))
  const lanesOfFlog = provider.calls.filter(({ stage }) => stage === 'flog half 1').map((call) => call.lane)
  expect(lanesOfFlog).not.toContain(lane)
  const reaching = provider.calls.filter(
    (call) => call.method === 'write' && call.offset < offset + SECTOR && call.offset + call.length > offset,
  )
  expect(reaching).toEqual([])
  expect(device.statistics().lanesInUse).toBe(0)
})

test('lanes that are spinlocks are taken one at a time', () => {
  const provider = new RecordingProvider(
    freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: 4 }),
    flushed,
  )
  const spinning = new BttEngine({
    ...parts,
    laneTable: (words) => Object.assign(new MutexLaneTable(words.subarray(0, -1)), { atomicWhileHeld: true }),
  })
  const device = runAtomic(spinning.attach(provider, { allowUnsafeLanes: true }))
  provider.calls.length = 0
  device.atomic.write(64, new Uint8Array(3 * SECTOR).fill(1))
  const persists = provider.calls.filter(({ stage, method }) => stage === 'map' && method === 'persist')
  expect(persists).toHaveLength(3)
})

test('a batch that is abandoned while it stores map entries has their lock until the store is over', async () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: LANES })
  // Readers look at entries under the lock, because a store of them could be seen half done.
  const provider = new LateProvider(memory, { atomicAccessBytes: 0 })
  const device = await runAsync(engine.attach(provider, { threads: true }))
  const sector = (byte: number): Uint8Array => new Uint8Array(SECTOR).fill(byte)
  await device.write(3, sector(1))

  provider.isLate = true
  const write = device.sleepable.write(2, new Uint8Array(3 * SECTOR).fill(2))
  const isStoringMap = (): boolean =>
    provider.calls.some(({ kind, length }) => kind === 'write' && length === 12)
  for (let step = write.next(); !isStoringMap(); step = write.next()) {
    if (step.done === true) throw new Error('it has ended')
    provider.calls[0]?.finish()
    await step.value
  }
  write.return?.()
  const found = sector(0)
  const read = device.read(3, found)
  await settle()
  expect(provider.calls).toHaveLength(1)
  provider.finishAll()
  await read
  expect(found).toEqual(sector(2))
  await device.close()
})
