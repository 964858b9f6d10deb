import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CannotBlockError, ClosedError, MixedDriversError, WouldSleepError } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { Scheduler, runAtomic, runAsync } from '@bttkit/sleepable'
import { Disk, type Driven } from './disk.test-support.ts'
import {
  MIB,
  PreemptingProvider,
  bijectionProblems,
  engine,
  freshMemory,
  sha256,
} from './engine.test-support.ts'
import { SpareImage } from './spare-image.test-support.ts'
import { describeOverStorages } from './over-storages.test-support.ts'

const fill = (byte: number, sectors = 1): Uint8Array => new Uint8Array(512 * sectors).fill(byte)

const pristine = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 }).mapping

/** On storage that preempts at every call, and then does what it does. */
const preempted = (disk: Disk, laneCount: number): Promise<Driven> =>
  disk.attach({ laneCount, over: (inner) => new PreemptingProvider(inner) })

describeOverStorages((storage) => {
  test('sixteen writers of their own sectors over four lanes, preempted at every provider call, all keep what they wrote', async () => {
    using disk = new Disk(storage, pristine)
    const device = await preempted(disk, 4)
    await Promise.all(
      Array.from({ length: 16 }, async (_, task) => {
        for (let round = 0; round < 10; round++) {
          await device.write(task * 3, fill(task * 10 + round))
          const back = fill(0)
          await device.read(task * 3, back)
          expect(back).toEqual(fill(task * 10 + round))
        }
      }),
    )
    await device.close()
    expect(bijectionProblems(disk.bytes(), 4096)).toEqual([])
  })

  test('byte writes of many tasks into one sector lose none of each other', async () => {
    using disk = new Disk(storage, pristine)
    const device = await preempted(disk, 4)
    await Promise.all(
      Array.from({ length: 64 }, (_, task) => device.writeBytes(task * 8, new Uint8Array(8).fill(task + 1))),
    )
    const sector = fill(0)
    await device.read(0, sector)
    expect([...sector]).toEqual(Array.from({ length: 512 }, (_, i) => Math.floor(i / 8) + 1))
    await device.close()
    expect(bijectionProblems(disk.bytes(), 4096)).toEqual([])
  })

  test('a reader never sees a torn or foreign sector while others write', async () => {
    using disk = new Disk(storage, pristine)
    const device = await preempted(disk, 2)
    await device.write(7, fill(1))
    const progress = { writing: true }
    const writers = Promise.all(
      [0, 1, 2].map(async (task) => {
        for (let i = 0; i < 30; i++)
          await device.write(task === 0 ? 7 : task, fill(task === 0 ? 1 : 0xe0 + task))
      }),
    ).then(() => {
      progress.writing = false
    })
    let reads = 0
    for (; progress.writing; reads++) {
      const sector = fill(0)
      await device.read(7, sector)
      expect(new Set(sector)).toEqual(new Set([1]))
      // The writers' flushes need the event loop, which reads alone do not let turn.
      if (storage.driver === 'async') await new Promise((resolve) => void setImmediate(resolve))
    }
    await writers
    expect(reads).toBeGreaterThan(10)
  })

  test('closing lets what is under way end and admits nothing more', async () => {
    using disk = new Disk(storage, pristine)
    const device = await preempted(disk, 1)
    const writes = [0, 1, 2, 3].map((lba) => device.write(lba, fill(lba + 1)))
    const closed = device.close()
    await expect(device.write(5, fill(9))).rejects.toThrow(ClosedError)
    await closed
    await Promise.all(writes)
    const again = await disk.attach()
    const sectors = fill(0, 4)
    await again.read(0, sectors)
    expect([0, 512, 1024, 1536].map((at) => sectors[at])).toEqual([1, 2, 3, 4])
    await device.close()
  })

  test('an atomic call on a provider that may wait is refused at its entry, and nothing is stored', async () => {
    using disk = new Disk(storage, pristine)
    const device = await preempted(disk, 4)
    const { atomic } = device.device
    expect(() => atomic.write(0, fill(1))).toThrow(WouldSleepError)
    expect(() => atomic.read(0, fill(1))).toThrow(WouldSleepError)
    expect(disk.holds(pristine)).toBe(true)
  })

  test('closing lets a zeroing end that has parts of sectors still to write', async () => {
    using disk = new Disk(storage, pristine)
    const device = await preempted(disk, 4)
    await device.write(0, fill(1, 4))
    const zeroed = device.zeroBytes(5, 1200)
    await Promise.all([device.close(), zeroed])
    const bytes = new Uint8Array(1300)
    const again = await disk.attach()
    await again.readBytes(0, bytes)
    expect([4, 5, 1204, 1205].map((at) => bytes[at])).toEqual([1, 0, 0, 1])
  })

  test('a second close ends no sooner than the first', async () => {
    using disk = new Disk(storage, pristine)
    const device = await preempted(disk, 1)
    const ends: string[] = []
    await Promise.all([
      device.write(0, fill(1)).then(() => ends.push('write')),
      device.close().then(() => ends.push('first close')),
      device.close().then(() => ends.push('second close')),
    ])
    expect(ends).toEqual(['write', 'first close', 'second close'])
  })
})

test('any schedule of writers and readers of one sector leaves one whole version and the bijection', async () => {
  const twoLanes = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 2 }).mapping
  const spare = new SpareImage()
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(1000), { minLength: 1, maxLength: 200 }), async (choices) => {
      const bytes = spare.copyOf(twoLanes)
      const device = await runAsync(
        engine.attach(new PreemptingProvider(new MemoryProvider({ bytes }, 'scheduled'))),
      )
      const scheduler = new Scheduler()
      const seen = fill(0)
      scheduler.add('write 1', device.sleepable.write(9, fill(1)))
      scheduler.add('write 2', device.sleepable.write(9, fill(2)))
      scheduler.add('bytes', device.sleepable.writeBytes(9 * 512 + 256, fill(3).subarray(0, 256)))
      scheduler.add('read', device.sleepable.read(9, seen))
      let turn = 0
      await scheduler.run(
        (runnable) => runnable[(choices[turn++ % choices.length] ?? 0) % runnable.length] ?? never(),
      )
      expect(scheduler.tasks.map((task) => task.error)).toEqual([undefined, undefined, undefined, undefined])
      const halves = (sector: Uint8Array): string =>
        [sector.subarray(0, 256), sector.subarray(256)].map((half) => [...new Set(half)].join(',')).join(' ')
      expect(halves(seen)).toMatch(/^[012] [0123]$/)
      const end = fill(0)
      await runAsync(device.sleepable.read(9, end))
      expect(halves(end)).toMatch(/^(1 1|2 2|1 3|2 3)$/)
      expect(bijectionProblems(bytes, 4096)).toEqual([])
    }),
    { numRuns: 40 },
  )
})

test('an atomic call that meets a lane in use is refused, and nothing is stored', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const device = runAtomic(engine.attach(new HeldUp(memory), { laneCount: 1 }))
  const holder = device.sleepable.write(3, fill(1))
  expect(holder.next().done).toBe(false)
  const before = sha256(memory.mapping)
  expect(() => device.atomic.write(4, fill(2))).toThrow(WouldSleepError)
  expect(() => device.atomic.zero(4, 2)).toThrow(WouldSleepError)
  expect(sha256(memory.mapping)).toBe(before)
})

test('an atomic write of several sectors that would meet a map lock in its middle stores nothing at all', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const device = runAtomic(engine.attach(new HeldUp(memory), { laneCount: 4 }))
  // Stands in its publication of LBA 20, under the map lock that LBAs 16 to 31 share.
  const holder = device.sleepable.write(20, fill(1))
  expect(holder.next().done).toBe(false)
  const before = sha256(memory.mapping)
  expect(() => device.atomic.write(10, fill(2, 12))).toThrow(WouldSleepError)
  expect(sha256(memory.mapping)).toBe(before)
  // Apart from that lock the lanes are free.
  device.atomic.write(10, fill(2, 6))
})

test('a thread that drives a device asynchronously cannot drive it blocking too, nor the other way round', async () => {
  const first = runAtomic(engine.attach(freshMemory(17 * MIB)))
  await first.flush()
  expect(() => first.blocking.flush()).toThrow(MixedDriversError)
  const second = runAtomic(engine.attach(freshMemory(17 * MIB)))
  second.blocking.flush()
  await expect(second.flush()).rejects.toThrow(MixedDriversError)
  second.atomic.flush()
})

function never(): never {
  throw new Error('a scheduler asks only when somebody can go on')
}

/** Says that it never waits, and then stops the first task that stores flog half 0: a task can be caught in its publication. */
class HeldUp extends MemoryProvider {
  private held = false

  constructor(inner: MemoryProvider) {
    super({ bytes: inner.mapping }, 'held up')
  }

  override writeFrom(offset: number, source: Uint8Array, start: number, length: number): undefined {
    super.writeFrom(offset, source, start, length)
    if (this.held || length !== 8) return
    this.held = true
    return new Promise<void>(() => {}) as never
  }
}

test('a write that is abandoned at any wait never lets go of a block that the media may map', async () => {
  const prepared = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 }).mapping
  const spare = new SpareImage()
  for (let waits = 1; ; waits++) {
    const bytes = spare.copyOf(prepared)
    const memory = new MemoryProvider({ bytes }, 'abandoned')
    const device = await runAsync(engine.attach(new PreemptingProvider(memory), { laneCount: 1 }))
    await device.write(3, fill(1))
    const operation = device.sleepable.writeBytes(3 * 512, fill(2).subarray(0, 100))
    let step = operation.next()
    for (let i = 1; i < waits && step.done !== true; i++) {
      step.value.block?.()
      step = operation.next()
    }
    if (step.done === true) break
    operation.return()
    // The store that was begun arrives late.
    step.value.block?.()
    for (let lba = 5; lba < 9; lba++) await device.write(lba, fill(9)).catch(() => {})
    expect(device.statistics().lanesInUse).toBe(0)
    const again = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'again')))
    expect(bijectionProblems(bytes, 4096), `abandoned at wait ${waits}`).toEqual([])
    const sector = fill(0)
    again.atomic.read(3, sector)
    expect([1, 2]).toContain(sector[0])
    expect(new Set(sector.subarray(100))).toEqual(new Set([1]))
  }
})

test('an atomic zero of parts of sectors that cannot get its second lane stores nothing, under the static policy too', () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  for (let reads = 0; reads < 4; reads++) {
    const bytes = memory.mapping.slice()
    const provider = new HeldUp(new MemoryProvider({ bytes }, 'memory'))
    const device = runAtomic(engine.attach(provider, { lanePolicy: 'static' }))
    // Stands in its publication, with lane 0.
    expect(device.sleepable.write(2000, fill(1)).next().done).toBe(false)
    for (let i = 0; i < reads; i++) device.atomic.read(0, fill(0))
    const before = sha256(bytes)
    try {
      device.atomic.zeroBytes(10 * 512 + 5, 1024)
    } catch (error) {
      expect(error).toBeInstanceOf(WouldSleepError)
      expect(sha256(bytes)).toBe(before)
    }
  }
})

test('an atomic close beside an operation that is under way is refused, and the device stays open', () => {
  const device = runAtomic(engine.attach(new HeldUp(freshMemory(17 * MIB, { externalLbasize: 512 }))))
  expect(device.sleepable.write(3, fill(1)).next().done).toBe(false)
  expect(() => device.atomic.close()).toThrow(WouldSleepError)
  expect(() => device.blocking.close()).toThrow(CannotBlockError)
  device.atomic.write(100, fill(2))
})
