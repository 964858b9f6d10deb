import { expect, test } from 'vitest'
import { CannotBlockError, MixedDriversError, WouldSleepError } from '@bttkit/interfaces'
import { HeldDevice, SECTOR_SIZE, fill, settle } from './held-device.test-support.ts'
import { WriteBackDevice } from './index.ts'

const isWrite = (call: string): boolean => call.startsWith('write')

test('over a device that never waits, everything can be done where nobody may sleep', () => {
  const inner = new HeldDevice({ mayWait: false })
  const { atomic } = new WriteBackDevice(inner)
  const target = fill(0)
  atomic.write(3, fill(1))
  atomic.writeBytes(3 * SECTOR_SIZE, fill(2).subarray(0, 512))
  atomic.zero(4, 1)
  atomic.zeroBytes(9, 5)
  atomic.read(3, target)
  atomic.readBytes(0, target.subarray(0, 5))
  atomic.flush()
  expect(inner.byteOf(3)).toBe(2)
  atomic.close()
  expect(inner.calls.at(-1)).toBe('close')
})

test('over a device that may wait, all of it is refused at entry, also where it would not wait', async () => {
  const inner = new HeldDevice()
  const device = new WriteBackDevice(inner)
  const { atomic } = device
  for (const request of [
    () => atomic.write(3, fill(1)),
    () => atomic.read(3, fill(1)),
    () => atomic.zeroBytes(0, 5),
    () => atomic.flush(),
    () => atomic.close(),
  ])
    expect(request).toThrow(WouldSleepError)
  await device.flush()
  expect(inner.calls).toEqual(['flush'])
  await device.close()
})

test('a commit that would have to wait where nobody may sleep is refused, and is no failure', async () => {
  const inner = new HeldDevice({ mayWait: false })
  const device = new WriteBackDevice(inner)
  inner.isHeld = isWrite
  await device.write(3, fill(1))
  const flush = device.flush()
  await settle()
  device.atomic.write(4, fill(2))
  expect(() => device.atomic.flush()).toThrow('commit 0 is in use')
  expect(() => device.atomic.write(5, fill(2, 2))).toThrow(WouldSleepError)
  inner.isHeld = () => false
  await inner.letGo()
  await flush
  device.atomic.flush()
  expect([3, 4, 5].map((lba) => inner.byteOf(lba))).toEqual([1, 2, 0])
  await device.close()
})

test('a flush that is ended at a wait leaves everything in memory, for the next one', async () => {
  const inner = new HeldDevice()
  const device = new WriteBackDevice(inner)
  await device.write(3, fill(1))
  inner.isHeld = isWrite
  const flush = device.sleepable.flush()
  flush.next()
  flush.return()
  inner.isHeld = () => false
  await device.write(4, fill(2))
  await device.flush()
  expect(inner.calls).toEqual(['write 3+1', 'write 3+2', 'flush'])
  expect(inner.byteOf(3)).toBe(1)
  await device.close()
})

test('a driver that cannot block on a commit leaves everything in memory, and that is no failure', () => {
  const inner = new HeldDevice()
  const device = new WriteBackDevice(inner, { blocking: true })
  device.blocking.write(3, fill(1))
  inner.isHeld = isWrite
  expect(() => device.blocking.flush()).toThrow(CannotBlockError)
  inner.isHeld = () => false
  device.blocking.write(4, fill(2))
  device.blocking.close()
  expect([3, 4].map((lba) => inner.byteOf(lba))).toEqual([1, 2])
})

test('a thread drives it either blocking or asynchronously', async () => {
  const device = new WriteBackDevice(new HeldDevice())
  await device.write(3, fill(1))
  expect(() => device.blocking.flush()).toThrow(MixedDriversError)
  await device.close()
})
