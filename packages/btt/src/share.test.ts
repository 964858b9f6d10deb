import { expect, test } from 'vitest'
import {
  ArenaErrorStateError,
  ClosedError,
  LaneMisuseError,
  ProviderIoError,
  WouldSleepError,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { runAndDie } from './dead-threads.test-support.ts'
import {
  MIB,
  PreemptingProvider,
  bijectionProblems,
  engine,
  freshMemory,
  interruptedMemory,
  parts,
} from './engine.test-support.ts'
import { BttEngine } from './engine.ts'
import { failing } from './faults.test-support.ts'
import { BEFORE_MAP_ENTRY } from './haunted.test-support.ts'
import { attached, fill, readByte } from './shared-device.test-support.ts'

test('what one has written, who joined reads, and the other way round', async () => {
  const { device, join } = attached()
  const other = join()
  await device.write(3, fill(1))
  expect(await readByte(other, 3)).toBe(1)
  await other.write(3, fill(2))
  expect(await readByte(device, 3)).toBe(2)
  expect(other.info).toEqual(device.info)
  expect([other.sectorSize, other.sectorCount, other.readOnly]).toEqual([512, device.sectorCount, false])
})

test('a share is a message: its copy is joined as well', async () => {
  const { device, provider } = attached()
  await device.write(3, fill(1))
  const other = runAtomic(engine.join(provider(), structuredClone(device.share())))
  expect(await readByte(other, 3)).toBe(1)
})

test('interrupted writes that a read-only device completes in memory, who joined reads too', async () => {
  const memory = interruptedMemory()
  const device = runAtomic(engine.attach(memory, { threads: true, readOnly: true }))
  expect(device.info.state).toBe('needs-recovery')
  const other = runAtomic(
    engine.join(new MemoryProvider({ bytes: memory.mapping, readOnly: true }), device.share()),
  )
  expect(await readByte(other, 3)).toBe(2)
})

test('the atomic form is refused on a device that is shared, whether or not anybody is in the way', () => {
  const { device, join } = attached()
  for (const each of [device, join()]) {
    expect(each.mayWait).toBe(true)
    expect(() => each.atomic.read(0, fill(0))).toThrow(WouldSleepError)
    expect(() => each.atomic.write(0, fill(0))).toThrow(WouldSleepError)
    expect(() => each.atomic.close()).toThrow(WouldSleepError)
    each.blocking.read(0, fill(0))
  }
})

test('a device that was attached for one thread is not shared, nor one by a thread that joined', () => {
  const { join } = attached()
  expect(() => join().share()).toThrow(TypeError)
  const alone = runAtomic(engine.attach(freshMemory(17 * MIB)))
  expect(() => alone.share()).toThrow(/threads/)
  expect(alone.mayWait).toBe(false)
})

test('tables of one thread are refused where there are to be several', () => {
  const lanesOnly = new BttEngine({ ...parts, lockTable: (words) => new MutexLocks(words, 'map-lock') })
  const none = new BttEngine({
    laneTable: (words, { policy }) => new MutexLaneTable(words.subarray(0, -1), policy),
    lockTable: (words) => new MutexLocks(words, 'map-lock'),
    readTracking: (words) => new LocalReadTracking(words),
  })
  expect(() => runAtomic(none.attach(freshMemory(17 * MIB), { threads: true }))).toThrow(
    /lanes with lanesOf.*one thread/,
  )
  expect(() => runAtomic(lanesOnly.attach(freshMemory(17 * MIB), { threads: true }))).toThrow(
    /map locks.*one thread/,
  )
})

test('there are no more threads than there are numbers', () => {
  const { device, join } = attached()
  for (let thread = 2; thread <= 127; thread++) join()
  expect(join).toThrow(LaneMisuseError)
  void device
})

test('a thread that left makes place for another', async () => {
  const { join } = attached()
  for (let thread = 2; thread <= 300; thread++) await join().close()
})

test('closing on the thread that attached closes for all', async () => {
  const { device, join, provider, bytes } = attached()
  const other = join()
  const share = device.share()
  await device.close()
  await expect(other.write(0, fill(1))).rejects.toThrow(ClosedError)
  await expect(other.read(0, fill(1))).rejects.toThrow(ClosedError)
  await expect(other.flush()).rejects.toThrow(ClosedError)
  expect(() => device.share()).toThrow(ClosedError)
  expect(() => runAtomic(engine.join(provider(), share))).toThrow(ClosedError)
  await other.close()
  await expect(other.read(0, fill(1))).rejects.toThrow(ClosedError)
  expect(bijectionProblems(bytes, 4096)).toEqual([])
})

test('closing again, on one thread or on several at once, is as closing once', async () => {
  const { device, provider, join, bytes } = attached()
  const other = join(new PreemptingProvider(provider()))
  const write = other.write(3, fill(2))
  await Promise.all([device.close(), other.close(), device.close(), other.close()])
  await device.close()
  await other.close()
  await write
  const again = runAtomic(engine.attach(new MemoryProvider({ bytes })))
  expect(await readByte(again, 3)).toBe(2)
})

test('closing on a thread that joined ends its part only', async () => {
  const { device, join } = attached()
  const other = join()
  await other.write(0, fill(1))
  await other.close()
  await expect(other.read(0, fill(1))).rejects.toThrow(ClosedError)
  expect(await readByte(device, 0)).toBe(1)
  expect(await readByte(join(), 0)).toBe(1)
})

test('closing for all waits for what is under way on other threads, and refuses what comes then', async () => {
  const { device, provider, join, bytes } = attached({ laneCount: 2 })
  const other = join(new PreemptingProvider(provider()))
  const write = other.sleepable.write(3, fill(2))
  const waiters = [5, 6, 7].map((lba) => other.write(lba, fill(lba)))
  let step = write.next()
  let isClosed = false
  const closed = device.close().then(() => (isClosed = true))
  await Promise.all(waiters)
  await expect(other.write(4, fill(4))).rejects.toThrow(ClosedError)
  expect(isClosed).toBe(false)
  while (step.done !== true) {
    step.value.block?.()
    step = write.next()
  }
  await closed
  const again = runAtomic(engine.attach(new MemoryProvider({ bytes })))
  expect(await Promise.all([3, 5, 6, 7].map((lba) => readByte(again, lba)))).toEqual([2, 5, 6, 7])
})

test('a close that is abandoned while others are at work leaves the device open for all', async () => {
  const { device, provider, join } = attached()
  const other = join(new PreemptingProvider(provider()))
  const write = other.sleepable.write(3, fill(2))
  write.next()
  const close = device.sleepable.close()
  expect(close.next().done).toBe(false)
  close.return()
  await other.write(4, fill(4))
  await device.write(5, fill(5))
})

test('a flush that fails on one thread ends writing on all, and each can read', async () => {
  const { device, provider, join } = attached()
  const unlucky = join(failing('flush', 1)(provider()))
  const third = join()
  await expect(unlucky.write(3, fill(2))).rejects.toThrow(ProviderIoError)
  for (const each of [device, third, join()]) {
    await expect(each.write(4, fill(2))).rejects.toThrow(ArenaErrorStateError)
    await expect(each.zero(4, 1)).rejects.toThrow(ArenaErrorStateError)
    expect(await readByte(each, 4)).toBe(0)
  }
  await expect(device.write(4, fill(2))).rejects.toThrow(/an earlier change failed/)
})

test('a write between its flog entry and the map, when a flush fails on another thread, goes no further', async () => {
  const { device, provider, join } = attached()
  const other = join(new PreemptingProvider(provider()))
  const write = other.sleepable.write(3, fill(2))
  expect(runAndDie(write, BEFORE_MAP_ENTRY - 1)).toBe(true)
  const unlucky = join(failing('flush', 1)(provider()))
  await expect(unlucky.write(4, fill(2))).rejects.toThrow(ProviderIoError)
  await expect(runAsync(write)).rejects.toThrow(ArenaErrorStateError)
  expect(await readByte(device, 3)).toBe(0)
})

test('statistics of lanes are those of all threads; without measuring there are none', async () => {
  const { device, join } = attached({ measureLanes: true, laneCount: 2 })
  const other = join()
  for (let round = 0; round < 5; round++) {
    await device.write(round, fill(1))
    await other.write(round, fill(2))
  }
  const sum = ({ lanes }: { lanes: readonly { acquisitions: number }[] }): number =>
    lanes.reduce((all, { acquisitions }) => all + acquisitions, 0)
  expect(device.statistics().lanes).toHaveLength(2)
  expect([sum(device.statistics()), sum(other.statistics())]).toEqual([10, 10])
  expect([device.statistics().writes, other.statistics().writes]).toEqual([5, 5])
  expect(attached().device.statistics().lanes).toEqual([])
  const alone = runAtomic(engine.attach(freshMemory(17 * MIB), { measureLanes: true }))
  alone.atomic.write(0, new Uint8Array(4096))
  expect(sum(alone.statistics())).toBe(1)
})

test('who must not sleep cannot join with storage that may wait', async () => {
  const { device, provider } = attached()
  const slow = new PreemptingProvider(provider())
  expect(() => runAtomic(engine.join(slow, device.share()))).toThrow(WouldSleepError)
  const other = await runAsync(engine.join(slow, device.share()))
  await other.write(0, fill(1))
})
