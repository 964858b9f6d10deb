import { expect, test } from 'vitest'
import { deviceName, splitDeviceNumber } from './device-number.ts'

test.each([
  [0x0801n, 8, 1],
  [0x0700n, 7, 0],
  [0x12300845n, 8, 0x12345],
  [0x100000000705n, 0x1007, 5],
])('device number %#', (device, major, minor) => {
  expect(splitDeviceNumber(device)).toEqual({ major, minor })
})

test('sysfs has it in decimal', () => {
  expect(deviceName(0x12300845n)).toBe('8:74565')
})
