/** Operations that are ended while a storage call of theirs is under way, by a driver that goes away or one that refuses to wait. */
import { expect, test } from 'vitest'
import {
  ArenaErrorStateError,
  CannotBlockError,
  ProviderIoError,
  type AttachOptions,
  type BttDevice,
  type Sleepable,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { RecursionCountLaneTable } from '@bttkit/region-lanes'
import { runAsync, runBlocking } from '@bttkit/sleepable'
import { BttEngine } from './engine.ts'
import { parts } from './engine.test-support.ts'
import { SECTOR, driveToWait, expectSound, fill, lateDevice, prepared } from './late-device.test-support.ts'
import { LateProvider, settle } from './late-provider.test-support.ts'

const FLOG_HALF_BYTES = 8

type Start = (device: BttDevice) => Sleepable<void>

const OPERATIONS: readonly (readonly [string, Start, AttachOptions?])[] = [
  ['a read', (device) => device.sleepable.read(3, fill(0))],
  ['a write of a sector', (device) => device.sleepable.write(3, fill(2))],
  ['a write of a part of a sector', (device) => device.sleepable.writeBytes(3 * SECTOR, fill(2, 100))],
  ['a write of two sectors', (device) => device.sleepable.write(2, fill(2, 2 * SECTOR))],
  ['a zeroing', (device) => device.sleepable.zero(3, 30)],
  ['a zeroing of parts', (device) => device.sleepable.zeroBytes(3 * SECTOR - 50, SECTOR + 100)],
  ['a zeroing by data', (device) => device.sleepable.zero(3, 3), { zeroing: 'data' }],
]

type End = (operation: Sleepable<void>) => void

const goAway: End = (operation) => void operation.return()
const refuse: End = (operation) => {
  const refusal = new CannotBlockError({}, 'refused')
  expect(() => operation.throw(refusal)).toThrow(refusal)
}

const ENDS = [
  ['is abandoned', goAway],
  ['is refused a wait', refuse],
] as const

const CASES = OPERATIONS.flatMap(([what, start, options]) =>
  ENDS.map(([how, end]) => ({ name: `${what} that ${how}`, start, end, options })),
)

test.each(CASES)(
  '$name keeps its lane until its call is over, then all goes on, whatever the call was',
  async ({ start, end, options }) => {
    let waits = 1
    for (; ; waits++) {
      const { bytes, provider, device } = await lateDevice(options)
      const operation = start(device)
      if (!(await driveToWait(operation, provider, waits))) break
      const isInDoubt = isPublishing(provider)
      end(operation)

      const sector = fill(0)
      const read = device.read(39, sector)
      const written = device.write(11, fill(5)).catch((error: unknown) => error)
      await settle()
      expect(provider.calls, `wait ${waits}: nobody got the lane`).toHaveLength(1)
      expect(device.statistics().lanesInUse).toBe(1)

      provider.finishAll()
      await read
      expect(sector).toEqual(fill(1))
      if (isInDoubt) expect(await written).toBeInstanceOf(ArenaErrorStateError)
      else expect(await written).toBeUndefined()
      expect(device.statistics().lanesInUse).toBe(0)
      expectSound(bytes, isInDoubt ? 1 : 5, `wait ${waits}`)
    }
    expect(waits).toBeGreaterThan(3)
  },
)

/** Whether a flog entry is being stored, or is stored and its map entry not durable yet. Whatever comes next begins with a read or with data. */
function isPublishing({ history }: LateProvider): boolean {
  const flogStore = history.findLastIndex(
    ({ kind, length }) => kind === 'write' && length === FLOG_HALF_BYTES,
  )
  const since = history.slice(flogStore)
  return flogStore >= 0 && since.every(({ kind, length }) => kind !== 'read' && length !== SECTOR)
}

test('a reader that was abandoned holds up no writer of its block', async () => {
  const { bytes, provider, device } = await lateDevice({ laneCount: 2 })
  const reading = device.sleepable.read(11, fill(0))
  await driveToWait(reading, provider, 3)
  expect(provider.calls).toMatchObject([{ kind: 'read', length: SECTOR }])
  reading.return()
  provider.isLate = false
  // The second of them gets the block that is still being read.
  for (const byte of [3, 4, 5]) await device.write(11, fill(byte))
  expect(provider.calls).toHaveLength(1)
  provider.finishAll()
  await device.read(11, fill(0))
  expectSound(bytes, 5, 'afterwards')
})

test.each<[string, Start, number]>([
  ['a read', (device) => device.sleepable.read(3, fill(0)), 3],
  ['a zeroing of parts', (device) => device.sleepable.zeroBytes(3 * SECTOR - 50, 100), 3],
  ['a flush', (device) => device.sleepable.flush(), 1],
])(
  'closing waits for the call of %s that was abandoned, and then closes the storage',
  async (_what, start, waits) => {
    const { provider, device } = await lateDevice()
    const operation = start(device)
    await driveToWait(operation, provider, waits)
    operation.return()
    const closed = device.close()
    await settle()
    expect(provider.calls).toHaveLength(1)
    expect(provider.isClosed).toBe(false)
    provider.finishAll()
    await closed
    expect(provider.isClosed).toBe(true)
  },
)

test('a call that fails is over: its lane is free at once', async () => {
  const { provider, device } = await lateDevice()
  const failed = device.read(3, fill(0)).catch((error: unknown) => error)
  provider.calls[0]?.fail(new ProviderIoError({}, 'the disk', 'EIO'))
  expect(await failed).toBeInstanceOf(ProviderIoError)
  expect(device.statistics().lanesInUse).toBe(0)
})

test('the lane of an operation whose call throws at whoever waits for it is given back', async () => {
  const { provider, device } = await lateDevice()
  const broken = new Error('no wait at all')
  provider.read = () => ({
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: () => {
      throw broken
    },
  })
  await expect(device.read(3, fill(0))).rejects.toThrow(broken)
  const abandoned = device.sleepable.read(3, fill(0))
  abandoned.next()
  abandoned.return()
  await settle()
  expect(device.statistics().lanesInUse).toBe(0)
  provider.isLate = false
  await device.close()
})

test('a write whose first flush cannot be blocked on fails alone: no flush has failed', async () => {
  const { provider, device } = await lateDevice()
  provider.isLate = false
  const flush = provider.flush.bind(provider)
  provider.flush = () =>
    Object.assign(Promise.resolve(), {
      block: () => {
        throw new CannotBlockError({}, 'another flush is under way')
      },
    })
  expect(() => runBlocking(device.sleepable.write(3, fill(2)))).toThrow(CannotBlockError)
  provider.flush = flush
  await device.write(11, fill(5))
  const sector = fill(0)
  await device.read(3, sector)
  expect(sector).toEqual(fill(1))
})

test('two operations that unsafe lanes let into one lane can both be abandoned there', async () => {
  const bytes = prepared.mapping.slice()
  const provider = new LateProvider(new MemoryProvider({ bytes }, 'late'))
  const unsafe = new BttEngine({
    ...parts,
    laneTable: (words) => new RecursionCountLaneTable(words.subarray(0, -1), 1),
  })
  const device = await runAsync(unsafe.attach(provider, { laneCount: 1, allowUnsafeLanes: true }))
  provider.isLate = true
  const both = [1, 2].map((lba) => device.sleepable.read(lba, fill(0)))
  for (const operation of both) operation.next()
  for (const operation of both) operation.return()
  const closed = device.close()
  provider.finishAll()
  await closed
  expect(device.statistics().lanesInUse).toBe(0)
})

test('the lane of an abandoned operation is given back also when its call fails in the end', async () => {
  const { provider, device } = await lateDevice()
  const operation = device.sleepable.read(3, fill(0))
  operation.next()
  operation.return()
  expect(device.statistics().lanesInUse).toBe(1)
  provider.calls[0]?.fail(new ProviderIoError({}, 'the disk', 'EIO'))
  await settle()
  expect(device.statistics().lanesInUse).toBe(0)
})

test('a flush that fails after its operation was abandoned ends writing all the same', async () => {
  const { provider, device } = await lateDevice()
  const operation = device.sleepable.write(3, fill(2))
  await driveToWait(operation, provider, 2)
  expect(provider.calls[0]?.kind).toBe('flush')
  operation.return()
  provider.calls[0]?.fail(new ProviderIoError({}, 'the disk', 'EIO'))
  await settle()
  provider.finishAll()
  await expect(device.write(5, fill(2))).rejects.toThrow(ArenaErrorStateError)
})

test('an operation that is abandoned while it waits for a lane, or for a map lock, leaves nothing behind', async () => {
  const { bytes, provider, device } = await lateDevice({ laneCount: 2 })
  const first = device.write(3, fill(2))
  for (let call = 0; call < 2; call++) {
    provider.calls[0]?.finish()
    await settle()
  }
  // Now it loads the map entry, under the map lock.
  const second = device.sleepable.write(4, fill(2))
  await driveToWait(second, provider, 3, 1)
  expect(provider.calls).toHaveLength(1)
  const third = device.sleepable.read(5, fill(0))
  expect(third.next().value).toMatchObject({ on: { object: 'lane' } })
  third.return()
  second.return()
  expect(device.statistics().lanesInUse).toBe(1)
  provider.finishAll()
  await first
  expect(device.statistics().lanesInUse).toBe(0)
  expectSound(bytes, 1, 'afterwards')
})

test('a zeroing that is abandoned while it stores a map line keeps the lock of the line until the store is over', async () => {
  const { bytes, provider, device } = await lateDevice({ laneCount: 2 })
  const zeroing = device.sleepable.zero(8, 8)
  await driveToWait(zeroing, provider, 2)
  expect(provider.calls).toMatchObject([{ kind: 'write', length: 32 }])
  zeroing.return()
  const written = device.write(11, fill(5))
  for (let call = 0; call < 2; call++) {
    provider.calls[1]?.finish()
    await settle()
  }
  // The data is stored and durable; the map entry is not looked at.
  expect(provider.calls).toHaveLength(1)
  provider.finishAll()
  await written
  expectSound(bytes, 5, 'afterwards')
})

test('an operation that gets no lane within the limit fails, and has stored nothing', async () => {
  const { bytes, provider, device } = await lateDevice({ laneWaitLimitMs: 5 })
  const stuck = device.write(3, fill(2))
  const refused = await Promise.allSettled([
    device.write(11, fill(7)),
    device.read(11, fill(0)),
    device.zero(11, 1),
    device.writeBytes(11 * SECTOR, fill(7, 10)),
  ])
  expect(refused).toMatchObject(
    Array.from({ length: 4 }, () => ({ status: 'rejected', reason: { code: 'BTT_WAIT_TIMED_OUT' } })),
  )
  expect(provider.history).toHaveLength(1)
  provider.finishAll()
  await stuck
  expect(device.statistics().lanesInUse).toBe(0)
  expectSound(bytes, 1, 'afterwards')
})
