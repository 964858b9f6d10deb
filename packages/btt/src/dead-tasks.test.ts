/** Threads that die with several tasks in the middle of operations, while others recover them and work on. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BttDevice, ProviderCapabilities, Sleepable } from '@bttkit/interfaces'
import { kernelImage, poolImage } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { ThreadRegistry } from '@bttkit/region-lanes'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { ALSO_DEAD, DEAD, HauntedDevice, SURVIVOR } from './dead-threads.test-support.ts'
import { Chronicle, SteppedTask, type PlannedOperation } from './dead-tasks.test-support.ts'
import { MIB, PreemptingProvider, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { FREE } from './haunted.test-support.ts'
import { smallArenas } from './small-arenas.test-support.ts'

const SECTORS = 8
const TASKS = 3

const images: readonly {
  name: string
  bytes: Uint8Array
  capabilities?: Partial<ProviderCapabilities>
}[] = [
  { name: 'an image of one arena', bytes: freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 }).mapping },
  { name: 'two arenas', bytes: smallArenas() },
  { name: 'two arenas of sectors with metadata', bytes: smallArenas(4104) },
  { name: 'a kernel image of sectors with metadata', bytes: kernelImage('v11-520').bytes() },
  { name: 'the flog slots of old kernels', bytes: kernelImage('bad-pad-old-02').bytes() },
  { name: 'a pool', bytes: poolImage('crash-4096').bytes() },
  { name: 'storage that can tear a map entry', bytes: smallArenas(), capabilities: { atomicAccessBytes: 0 } },
]

const planned = fc.record({
  kind: fc.constantFrom<PlannedOperation['kind'][]>('write', 'write', 'part', 'zero', 'read'),
  lba: fc.nat(SECTORS - 2),
  count: fc.integer({ min: 1, max: 2 }),
})
type RunOf = typeof runs extends fc.Arbitrary<infer Run> ? Run : never

const plan = fc.array(fc.array(planned, { minLength: 1, maxLength: 4 }), {
  minLength: 4 * TASKS,
  maxLength: 4 * TASKS,
})

/** Numbers from 0 up to a bound, from a seed. */
function randomOf(seed: number): (bound: number) => number {
  let state = seed | 1
  return (bound) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
}

/** Takes random steps of the tasks, until none can go on or so many were taken. */
function runSteps(tasks: readonly SteppedTask[], random: (bound: number) => number, most: number): void {
  for (let steps = 0; steps < most; steps++) {
    const able = tasks.filter((task) => task.canGoOn)
    const task = able[random(Math.max(able.length, 1))]
    if (task === undefined) return
    task.step()
  }
}

const runs = fc.record({
  plans: plan,
  seed: fc.nat(),
  /** Steps of all tasks until two threads die, and of a recovery by one of them until it dies in that. */
  life: fc.nat(400),
  afterlife: fc.nat(30),
  laneCount: fc.integer({ min: 1, max: 4 }),
  zeroing: fc.constantFrom('flags', 'data'),
})

function* inTurn(operations: readonly Sleepable<void>[]): Sleepable<void> {
  for (const operation of operations) yield* operation
}

describe.each(images)('$name', ({ bytes, capabilities }) => {
  const { info } = runAtomic(engine.attach(new MemoryProvider({ bytes: bytes.slice() })))
  // Across the boundary, where there is one.
  const firstLba = (info.arenas.length > 1 ? (info.arenas[0]?.externalNlba ?? 0) : SECTORS) - SECTORS / 2

  /** Every sector, by one task after the other. */
  function all(kind: 'read' | 'write', chronicle: Chronicle, device: BttDevice): void {
    for (let lba = firstLba; lba < firstLba + SECTORS; lba++)
      runBlocking(chronicle.run(device, { kind, lba, count: 1 }))
  }

  /** A device on which two threads die and two live on, all with several tasks; and whether those that died had something to do. */
  async function liveAndDie(
    { plans, seed, life, afterlife, laneCount, zeroing }: RunOf,
    chronicle: Chronicle,
  ) {
    const haunted = await HauntedDevice.make(bytes, { laneCount, zeroing }, capabilities)
    all('write', chronicle, haunted.part(SURVIVOR).device)
    const random = randomOf(seed)
    const secondSurvivor = new ThreadRegistry(haunted.state.threads).join()
    const threads = [SURVIVOR, DEAD, ALSO_DEAD, secondSurvivor].map((number) =>
      haunted.part(number, new PreemptingProvider(haunted.provider())),
    )
    const tasks = plans.map((operations, index) => {
      const { device, thread } = threads[index % threads.length] ?? haunted.part(SURVIVOR)
      const steps = operations.map((each) => chronicle.run(device, { ...each, lba: firstLba + each.lba }))
      return new SteppedTask(thread.number, inTurn(steps))
    })
    runSteps(tasks, random, life)
    const isDead = ({ thread }: SteppedTask): boolean => thread === DEAD || thread === ALSO_DEAD
    const rescueBy = (number: number): SteppedTask[] =>
      threads
        .filter(({ thread }) => thread.number === number)
        .map(({ thread }) => new SteppedTask(number, thread.recoverDead()))
    runSteps(rescueBy(ALSO_DEAD), random, afterlife)
    const living = [
      ...tasks.filter((task) => !isDead(task)),
      ...rescueBy(SURVIVOR),
      ...rescueBy(secondSurvivor),
    ]
    runSteps(living, random, Infinity)
    expect(living.filter((task) => !task.isOver)).toEqual([])
    return { haunted, hasDied: tasks.some((task) => isDead(task) && !task.isOver) }
  }

  test('dead tasks in the middle of anything leave a whole image to the living', async () => {
    let died = 0
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const chronicle = new Chronicle()
        const { haunted, hasDied } = await liveAndDie(run, chronicle)
        if (hasDied) died++
        expect(haunted.held()).toEqual(FREE)
        expect(haunted.state.arenas.map(({ errorState }) => errorState[0])).toEqual(info.arenas.map(() => 0))
        expect(bijectionProblems(haunted.bytes, info.namespaceOffset)).toEqual([])
        all('read', chronicle, haunted.part(SURVIVOR).device)
        const again = runAtomic(engine.attach(new MemoryProvider({ bytes: haunted.bytes })))
        expect(again.info.state).toBe('clean')
        all('read', chronicle, again)
        expect(chronicle.problems()).toEqual([])
      }),
      { numRuns: 15, endOnFailure: true },
    )
    expect(died).toBeGreaterThan(3)
  }, 120_000)
})
