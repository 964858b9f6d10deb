import { expect, test } from 'vitest'
import type { BlockOperations, Sleepable, Zeroing } from '@bttkit/interfaces'
import { SharedLaneTable, SharedLocks } from '@bttkit/region-lanes'
import { runAsync } from '@bttkit/sleepable'
import { ALSO_DEAD, DEAD, HauntedDevice, SURVIVOR, recover, runAndDie } from './dead-threads.test-support.ts'
import { PreemptingProvider, bijectionProblems, engine } from './engine.test-support.ts'
import {
  BEFORE_MAP_ENTRY,
  FREE,
  SECTOR,
  expectWhole,
  fill,
  haunt,
  image,
  valueOf,
} from './haunted.test-support.ts'

interface Scenario {
  readonly name: string
  readonly operation: (operations: BlockOperations<Sleepable<void>>) => Sleepable<void>
  /** What LBA 3 may be in the end. */
  readonly results: readonly string[]
  readonly zeroing?: Zeroing
}

const scenarios: Scenario[] = [
  { name: 'a write', operation: (device) => device.write(3, fill(2)), results: ['1', '2'] },
  {
    name: 'a write of a part of a sector',
    operation: (device) => device.writeBytes(3 * SECTOR + 256, fill(2).subarray(256)),
    results: ['1', '1 2'],
  },
  {
    name: 'a write of several sectors',
    operation: (device) => device.write(2, fill(2, 3)),
    results: ['1', '2'],
  },
  { name: 'zeroing', operation: (device) => device.zero(0, 40), results: ['1', '0'] },
  {
    name: 'zeroing by data',
    operation: (device) => device.zero(2, 3),
    results: ['1', '0'],
    zeroing: 'data',
  },
  { name: 'a read', operation: (device) => device.read(3, fill(0)), results: ['1'] },
  { name: 'a flush', operation: (device) => device.flush(), results: ['1'] },
]

test.each(scenarios)(
  'a thread that died at any step of $name leaves the old sector or the new one, and all it held comes back',
  async ({ operation, results, zeroing }) => {
    const seen = new Set<string>()
    let deathsWithLane = 0
    for (let waits = 0; ; waits++) {
      const { haunted, survivor, victim } = await haunt(2, zeroing)
      if (!runAndDie(operation(victim.device.sleepable), waits)) break
      deathsWithLane += haunted.held().lanes
      await recover(survivor)
      const value = await valueOf(survivor, 3)
      expect(results).toContain(value)
      seen.add(value)
      await expectWhole(haunted, survivor, `after ${waits} waits`)
    }
    // Each of the results came, so the deaths were on both sides of the turning point.
    expect([...seen].toSorted()).toEqual([...results].toSorted())
    if (!operation.toString().includes('flush')) expect(deathsWithLane).toBeGreaterThan(1)
  },
)

test('what a dead thread held comes back to one who has to wait for it, with no other call', async () => {
  for (let waits = 0; ; waits++) {
    const { haunted, survivor, victim } = await haunt(1)
    if (!runAndDie(victim.device.sleepable.write(3, fill(2)), waits)) break
    await survivor.device.write(3, fill(3))
    expect(await valueOf(survivor, 3)).toBe('3')
    await expectWhole(haunted, survivor, `after ${waits} waits`)
  }
})

test('a thread that joins puts in order what the dead left', async () => {
  const { haunted, victim } = await haunt()
  runAndDie(victim.device.sleepable.write(3, fill(2)), 6)
  expect(haunted.held().lanes).toBe(1)
  await runAsync(engine.join(haunted.provider(), haunted.share()))
  expect(haunted.held()).toEqual(FREE)
})

test('a recovery that ends at any of its steps is done again by the next', async () => {
  for (let waits = 0, hasDied = true; hasDied; waits++) {
    for (let recovererWaits = 0, isRecovering = true; isRecovering; recovererWaits++) {
      const { haunted, survivor, victim } = await haunt()
      hasDied = runAndDie(victim.device.sleepable.write(3, fill(2)), waits)
      const recoverer = haunted.part(ALSO_DEAD, new PreemptingProvider(haunted.provider()))
      runAndDie(recoverer.thread.recoverDead(), recovererWaits)
      isRecovering = recoverer.thread.registry.numbers().includes(DEAD)
      await recover(survivor)
      expect(survivor.thread.registry.numbers()).toEqual([SURVIVOR])
      expect(['1', '2']).toContain(await valueOf(survivor, 3))
      await expectWhole(haunted, survivor, `write at ${waits}, recovery at ${recovererWaits}`)
    }
  }
})

test.each(['lane', 'lane and map lock'])(
  'a recovery that died while the %s was its own loses nothing',
  async (taken) => {
    const { haunted, survivor, victim } = await haunt()
    runAndDie(victim.device.sleepable.write(3, fill(2)), BEFORE_MAP_ENTRY)
    const recoverer = haunted.part(ALSO_DEAD, new PreemptingProvider(haunted.provider()))
    // The map entry is stored.
    runAndDie(recoverer.thread.recoverDead(), 4)
    const lanes = new SharedLaneTable(haunted.state.lanes, { policy: 'first-idle', thread: recoverer.thread })
    const locks = new SharedLocks(haunted.mapLocks, 'map-lock', recoverer.thread)
    const takenOver = [lanes.lanesOf(DEAD).map((lane) => lanes.takeOver(lane, DEAD))]
    if (taken !== 'lane') takenOver.push(locks.locksOf(DEAD).map((lock) => locks.takeOver(lock, DEAD)))
    for (const each of takenOver) expect(each).toEqual([true])
    await recover(survivor)
    expect(await valueOf(survivor, 3)).toBe('2')
    await expectWhole(haunted, survivor, taken)
  },
)

test('a thread that died with its free list half advanced has it set from the flog', async () => {
  for (const half of ['freeBlocks', 'positions', 'both'] as const) {
    const { haunted, survivor, victim } = await haunt(1)
    const { freeBlocks, positions } = haunted.arena
    const before = [freeBlocks[0] ?? 0, positions[0] ?? 0] as const
    await victim.device.write(3, fill(2))
    const after = [freeBlocks[0] ?? 0, positions[0] ?? 0] as const
    // Back to where it held its lane and its lock, and had stored one of the words.
    Atomics.store(haunted.state.lanes, 0, DEAD)
    Atomics.store(haunted.mapLocks, 0, DEAD)
    if (half === 'freeBlocks') positions[0] = before[1]
    if (half === 'positions') freeBlocks[0] = before[0]
    await recover(survivor)
    expect([freeBlocks[0], positions[0]]).toEqual(after)
    expect(await valueOf(survivor, 3)).toBe('2')
    await expectWhole(haunted, survivor, half)
  }
})

test.each([0, 1])(
  'a thread that died with the free list of lane %i of a batch advanced has the other set from the flog',
  async (advanced) => {
    const { haunted, survivor, victim } = await haunt(2)
    const { freeBlocks, positions } = haunted.arena
    const stateOf = (lane: number): [number, number] => [freeBlocks[lane] ?? 0, positions[lane] ?? 0]
    const other = 1 - advanced
    const before = stateOf(other)
    await victim.device.write(3, fill(2, 2))
    const after = [0, 1].map(stateOf)
    expect(after[other]).not.toEqual(before)
    for (const lane of [0, 1]) Atomics.store(haunted.state.lanes, lane, DEAD)
    Atomics.store(haunted.mapLocks, 0, DEAD)
    ;[freeBlocks[other], positions[other]] = before
    await recover(survivor)
    expect([0, 1].map(stateOf)).toEqual(after)
    expect([await valueOf(survivor, 3), await valueOf(survivor, 4)]).toEqual(['2', '2'])
    await expectWhole(haunted, survivor, `lane ${advanced} had advanced`)
  },
)

test('a lane that was quarantined by a thread that died comes back', async () => {
  const { haunted, survivor, victim } = await haunt()
  const write = victim.device.sleepable.write(3, fill(2))
  runAndDie(write, 0)
  const lanes = new SharedLaneTable(haunted.state.lanes, { policy: 'first-idle', thread: victim.thread })
  for (const lane of lanes.lanesOf(DEAD)) lanes.quarantine(lane)
  expect(haunted.held().lanes).toBe(1)
  await recover(survivor)
  await expectWhole(haunted, survivor, 'quarantined')
})

test('only one task of a thread recovers at a time', async () => {
  const { haunted, victim } = await haunt()
  runAndDie(victim.device.sleepable.write(3, fill(2)), BEFORE_MAP_ENTRY)
  const survivor = haunted.part(SURVIVOR, new PreemptingProvider(haunted.provider()))
  const first = survivor.thread.recoverDead()
  expect(first.next().done).toBe(false)
  expect(survivor.thread.recoverDead().next().done).toBe(true)
  await runAsync(first)
  await expectWhole(haunted, survivor, 'one at a time')
})

test('a thread that read wakes the writer of its block when it is dead', async () => {
  const { haunted, survivor, victim } = await haunt(2)
  // Stands in its read of the block, which is in the read tracking.
  runAndDie(victim.device.sleepable.read(3, fill(0)), 1)
  expect(haunted.held().tracking).toBe(1)
  // The first write frees that block; a later one of the same lane waits to write it.
  for (let round = 0; round < 4; round++) await survivor.device.write(3, fill(4 + round))
  expect(await valueOf(survivor, 3)).toBe('7')
  await expectWhole(haunted, survivor, 'read tracking')
})

test('a read-only device gives back what a dead reader held, and stores nothing', async () => {
  const haunted = await HauntedDevice.make(image, { readOnly: true, laneCount: 1 })
  const survivor = haunted.part(SURVIVOR)
  const victim = haunted.part(DEAD, new PreemptingProvider(haunted.provider()))
  runAndDie(victim.device.sleepable.read(3, fill(0)), 1)
  expect(haunted.held().lanes).toBe(1)
  expect(await valueOf(survivor, 3)).toBe('1')
  expect(haunted.held()).toEqual(FREE)
  expect(Buffer.compare(haunted.bytes, image)).toBe(0)
})

test.each(['async', 'blocking'])(
  'closing for all (%s) does not wait for the operations of the dead',
  async (driver) => {
    const { haunted, survivor, victim } = await haunt()
    runAndDie(victim.device.sleepable.write(3, fill(2)), BEFORE_MAP_ENTRY)
    if (driver === 'blocking') survivor.device.blocking.close()
    else await survivor.device.close()
    expect(haunted.held()).toEqual(FREE)
    expect(bijectionProblems(haunted.bytes, 4096)).toEqual([])
  },
)
