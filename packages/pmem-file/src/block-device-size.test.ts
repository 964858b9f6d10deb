import { closeSync, openSync } from 'node:fs'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
import { blockDeviceSize } from './block-device-size.ts'
import { FileProvider, systemCalls } from './index.ts'
import { makeBlockDevice } from './scratch.test-support.ts'
import { systemWith, withoutHelp, withoutNative } from './system.test-support.ts'

const SIZE = 3 * 2 ** 20 + 512

test('a block device is read and written like a file', async (context) => {
  const provider = FileProvider.open(makeBlockDevice(context, SIZE))
  expect(provider.size).toBe(SIZE)
  provider.write(SIZE - 3, Uint8Array.of(1, 2, 3))
  await provider.flush()
  const target = new Uint8Array(4)
  provider.read(SIZE - 4, target)
  expect([...target]).toEqual([0, 1, 2, 3])
  await provider.close()
})

/** A block device, open for the test. */
function openDevice(context: TestContext): number {
  const fd = openSync(makeBlockDevice(context, SIZE), 'r')
  onTestFinished(() => closeSync(fd))
  return fd
}

test.runIf(systemCalls.native !== undefined)('its size is told by the device itself', (context) => {
  const system = systemWith({ run: withoutHelp.run })
  expect(blockDeviceSize(openDevice(context), system, '/no-sysfs')).toBe(SIZE)
})

test('its size is told by sysfs, else by blockdev(8), else by nothing', (context) => {
  const fd = openDevice(context)
  expect(blockDeviceSize(fd, withoutHelp)).toBe(SIZE)
  expect(blockDeviceSize(fd, withoutNative, '/no-sysfs')).toBe(SIZE)
  expect(blockDeviceSize(fd, withoutHelp, '/no-sysfs')).toBeUndefined()
})
