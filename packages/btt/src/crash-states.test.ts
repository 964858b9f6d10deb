/** Power cuts at random moments of random schedules of overlapping operations: what was acknowledged is there, and every sector is one version. */
import { expect, test } from 'vitest'
import type { BttDevice, Sleepable } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { Scheduler, runAtomic, runAsync, type ScheduledTask } from '@bttkit/sleepable'
import { MIB, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'
import { VolatileCache } from './volatile-cache.test-support.ts'

const SECTOR_BYTES = 512
const SECTORS = 32
/** The last bytes of a partial write's last sector that it leaves as they are. */
const TAIL_BYTES = 100
const SEEDS = 80

type Choose = (count: number) => number

function random(seed: number): Choose {
  let state = Math.imul(seed, 2_654_435_761) >>> 0
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % count
  }
}

interface Operation {
  readonly lba: number
  readonly count: number
  /** What its sectors hold afterwards, in all bytes but perhaps the tail. */
  readonly value: number
  readonly task: ScheduledTask
}

function start(scheduler: Scheduler, device: BttDevice, choose: Choose, value: number): Operation {
  const kind = (['write', 'zero', 'bytes'] as const)[choose(3)] ?? 'write'
  const [lba, count] = [choose(SECTORS - 3), 1 + choose(3)]
  const content = new Uint8Array(count * SECTOR_BYTES).fill(value)
  const operations: Record<typeof kind, () => Sleepable<void>> = {
    write: () => device.sleepable.write(lba, content),
    zero: () => device.sleepable.zero(lba, count),
    bytes: () => device.sleepable.writeBytes(lba * SECTOR_BYTES, content.subarray(TAIL_BYTES)),
  }
  const task = scheduler.add(`${kind} ${lba}+${count}`, operations[kind]())
  return { lba, count, value: kind === 'zero' ? 0 : value, task }
}

/** Lets the tasks take so many steps, in any order. */
async function step(scheduler: Scheduler, choose: Choose, steps: number): Promise<void> {
  for (let left = steps; left > 0 && !scheduler.finished(); left--) {
    const runnable = scheduler.runnable()
    if (runnable.length === 0) await scheduler.settle()
    else runnable[choose(runnable.length)]?.resume()
  }
}

/** The values a sector may have once the power is cut: those of operations on it, and the old ones if none of them is acknowledged. */
function permit(permitted: Map<number, Set<number>>, operations: readonly Operation[]): void {
  for (let lba = 0; lba < SECTORS; lba++) {
    const touching = operations.filter(
      (operation) => lba >= operation.lba && lba < operation.lba + operation.count,
    )
    if (touching.length === 0) continue
    const isAcknowledged = touching.some(({ task }) => task.state === 'done')
    const values = isAcknowledged ? new Set<number>() : new Set(permitted.get(lba))
    for (const { value } of touching) values.add(value)
    permitted.set(lba, values)
  }
}

function expectWhole(
  device: BttDevice,
  lba: number,
  permitted: ReadonlySet<number> | undefined,
  seed: number,
): void {
  const sector = new Uint8Array(SECTOR_BYTES)
  device.atomic.read(lba, sector)
  const [head, tail] = [new Set(sector.subarray(0, -TAIL_BYTES)), new Set(sector.subarray(-TAIL_BYTES))]
  expect([head.size, tail.size], `seed ${seed}: LBA ${lba} is torn`).toEqual([1, 1])
  expect(permitted, `seed ${seed}: LBA ${lba}`).toContain(sector[0])
}

test('at any moment of any schedule, a power cut leaves every sector whole and what was acknowledged in place', async () => {
  const pristine = freshMemory(17 * MIB, { externalLbasize: 520, nfree: 3 }).mapping
  const prepared = runAtomic(engine.attach(new MemoryProvider({ bytes: pristine }, 'prepared')))
  prepared.atomic.write(0, new Uint8Array(SECTORS * SECTOR_BYTES).fill(1))

  const spare = new SpareImage()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const choose = random(seed)
    const bytes = spare.copyOf(pristine)
    const cache = new VolatileCache(new MemoryProvider({ bytes }, 'cache'), seed % 2 === 0)
    const device = await runAsync(engine.attach(cache, { zeroing: seed % 4 < 2 ? 'data' : 'flags' }))
    const permitted = new Map(Array.from({ length: SECTORS }, (_, lba) => [lba, new Set([1])]))
    // The first round comes to its end; the second is cut.
    for (const steps of [100_000, choose(90)]) {
      const scheduler = new Scheduler()
      const operations = [2, 3, 4, 5].map((value) =>
        start(scheduler, device, choose, value + (steps > 90 ? 0 : 10)),
      )
      await step(scheduler, choose, steps)
      expect(scheduler.tasks.map((task) => task.error)).toEqual([undefined, undefined, undefined, undefined])
      permit(permitted, operations)
    }
    cache.cutPower(choose)

    const again = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'after')))
    expect(bijectionProblems(bytes, 4096), `seed ${seed}`).toEqual([])
    for (let lba = 0; lba < SECTORS; lba++) expectWhole(again, lba, permitted.get(lba), seed)
  }
})
