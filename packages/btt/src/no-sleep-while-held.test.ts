import { expect, test } from 'vitest'
import {
  WouldSleepError,
  type MaybeSleep,
  type PmemProvider,
  type WaitKind,
  type Zeroing,
} from '@bttkit/interfaces'
import { SpinlockBhLaneTable } from '@bttkit/region-lanes'
import { preemptionPoint, runAsync } from '@bttkit/sleepable'
import { BttEngine } from './engine.ts'
import { MIB, PassingProvider, bijectionProblems, freshMemory, parts, sha256 } from './engine.test-support.ts'

const spinlocks = new BttEngine({
  ...parts,
  laneTable: (words) => new SpinlockBhLaneTable(words.subarray(0, -1), 2),
})

const fill = (byte: number, sectors = 1): Uint8Array => new Uint8Array(512 * sectors).fill(byte)

/** Does everything at once. Each call is followed by a preemption; the kind of call that `sleeps`, by a wait instead. */
class PreemptedMemory extends PassingProvider {
  sleeps: WaitKind | undefined
  sleepsUnderWay = 0

  constructor(inner: PmemProvider) {
    super(inner, { mayWait: true, flush: 'sleeps', durableOnWrite: false })
  }

  override read(offset: number, target: Uint8Array): MaybeSleep {
    void super.read(offset, target)
    return this.pause('read', offset, target.length)
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    void super.write(offset, source)
    return this.pause('write', offset, source.length)
  }

  override flush(): MaybeSleep {
    return this.pause('flush', 0, this.size)
  }

  private pause(kind: WaitKind, start: number, length: number): MaybeSleep {
    const on = { object: 'provider', kind, start, end: start + length } as const
    if (kind !== this.sleeps) return preemptionPoint(on)
    this.sleepsUnderWay++
    const slept = new Promise<void>((resolve) => {
      setImmediate(() => {
        this.sleepsUnderWay--
        resolve()
      })
    })
    return Object.assign(slept, { on })
  }
}

async function preempted(laneTable: BttEngine = spinlocks, zeroing: Zeroing = 'flags') {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 2 })
  const provider = new PreemptedMemory(memory)
  const device = await runAsync(laneTable.attach(provider, { allowUnsafeLanes: true, zeroing }))
  return { memory, provider, device }
}

test.each(['flags', 'data'] as const)(
  'tasks that are preempted at every call under spinlocks all keep what they wrote, zeroing by %s',
  async (zeroing) => {
    const { memory, device } = await preempted(spinlocks, zeroing)
    await Promise.all(
      Array.from({ length: 12 }, async (_, task) => {
        for (let round = 1; round <= 5; round++) {
          await device.write(task * 3, fill(task * 10 + round))
          await device.writeBytes(task * 1536 + 1, fill(task * 10 + round).subarray(0, 5))
          await device.zero(task * 3 + 1, 1)
          const back = fill(0)
          await device.read(task * 3, back)
          expect(back).toEqual(fill(task * 10 + round))
        }
      }),
    )
    expect(device.statistics().lanesInUse).toBe(0)
    expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
  },
)

test('a flush that sleeps under a spinlock ends the write there: it says so, and publishes nothing', async () => {
  const { memory, provider, device } = await preempted()
  await device.write(3, fill(1))
  provider.sleeps = 'flush'
  const failure: unknown = await device.write(3, fill(2)).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(WouldSleepError)
  expect(failure).toMatchObject({
    place: { image: 'memory', lane: 1 },
    message:
      'memory, lane 1: the lane is held by a spinlock, and a flush sleeps here; use a lane table whose holder may sleep (mutex)',
  })
  expect(provider.sleepsUnderWay).toBe(0)
  expect(device.statistics().lanesInUse).toBe(0)
  const back = fill(0)
  await device.read(3, back)
  expect(back).toEqual(fill(1))
  provider.sleeps = undefined
  await device.write(3, fill(4))
  await device.read(3, back)
  expect(back).toEqual(fill(4))
  expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
})

test('a sleep before the first flog store changes neither map nor flog', async () => {
  const { memory, provider, device } = await preempted()
  await device.write(3, fill(1))
  const info = device.info.arenas[0]
  const metadata = (): string => sha256(memory.mapping.subarray(4096 + (info?.mapoff ?? 0)))
  const before = metadata()
  for (const kind of ['flush', 'write', 'read'] as const) {
    provider.sleeps = kind
    await expect(device.writeBytes(3 * 512 + 10, fill(2).subarray(0, 20))).rejects.toThrow(
      `a ${kind} sleeps here`,
    )
    expect(metadata()).toBe(before)
  }
})

test('reading and zeroing under a spinlock are ended at a sleep as well', async () => {
  const { provider, device } = await preempted()
  provider.sleeps = 'read'
  await expect(device.read(3, fill(0))).rejects.toThrow(/lane \d: .* a read sleeps here/)
  await expect(device.zero(3, 1)).rejects.toThrow(/lane \d: .* a read sleeps here/)
  await expect(device.zeroBytes(3, 1)).rejects.toThrow(/lane \d: .* a read sleeps here/)
  expect(device.statistics().lanesInUse).toBe(0)
})

test('waits for a lane and for a map lock under spinlocks are no sleep', async () => {
  const { device } = await preempted()
  const writes = Array.from({ length: 8 }, (_, task) => device.write(task, fill(task)))
  await expect(Promise.all(writes)).resolves.toHaveLength(8)
})

test('a failure of what was waited for under a spinlock reaches the caller as it is', async () => {
  const { provider, device } = await preempted()
  const failure = new Error('the disk')
  provider.flush = () => Promise.reject(failure)
  await expect(device.write(3, fill(2))).rejects.toBe(failure)
  expect(device.statistics().lanesInUse).toBe(0)
})

test('an operation under a spinlock that is abandoned gives its lane back', async () => {
  const { device } = await preempted()
  const operation = device.sleepable.write(3, fill(2))
  for (let wait = 0; wait < 3; wait++) await operation.next().value
  operation.return()
  expect(device.statistics().lanesInUse).toBe(0)
})

test('under mutexes the same storage may sleep', async () => {
  const { provider, device } = await preempted(new BttEngine(parts))
  provider.sleeps = 'flush'
  await device.write(3, fill(2))
  const back = fill(0)
  await device.read(3, back)
  expect(back).toEqual(fill(2))
})
