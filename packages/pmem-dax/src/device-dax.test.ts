/** By what a made-up sysfs says of `/dev/null`, as a DAX device is not to be had. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findDeviceDax } from './device-dax.ts'
import { openImage, type OpenImage } from './open-image.ts'
import { closeAfterTest, makeDirectory, nativeCalls, skipWithoutMappings } from './scratch.test-support.ts'

skipWithoutMappings()

const MIB = 2 ** 20
const NULL_DEVICE = 0x103n

/** A sysfs with one character device. */
function makeSysfs(subsystem: string, files: Record<string, string>): string {
  const sysfs = makeDirectory()
  const entry = join(sysfs, 'dev/char/1:3')
  for (const directory of [entry, join(sysfs, 'bus', subsystem)]) mkdirSync(directory, { recursive: true })
  symlinkSync(join(sysfs, 'bus', subsystem), join(entry, 'subsystem'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(entry, name), text)
  return sysfs
}

function openNull(sysfs: string): OpenImage {
  return closeAfterTest(openImage('/dev/null', { readOnly: true, native: nativeCalls(), sysfs }))
}

test('its size and alignment are what sysfs says', () => {
  const sysfs = makeSysfs('dax', { size: '67108864\n', align: '4096\n' })
  expect(findDeviceDax(NULL_DEVICE, sysfs)).toEqual({ sizeBytes: 64 * MIB, alignmentBytes: 4096 })
  expect(openNull(sysfs)).toMatchObject({ kind: 'device-dax', size: 64 * MIB })
})

test('without a word on it, it is aligned to 2 MiB', () => {
  expect(findDeviceDax(NULL_DEVICE, makeSysfs('dax', { size: '4194304' }))?.alignmentBytes).toBe(2 * MIB)
})

test('a size that is no multiple of the alignment is refused', () => {
  const sysfs = makeSysfs('dax', { size: String(3 * MIB) })
  expect(() => openNull(sysfs)).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'EINVAL' }),
  )
})

test('a device without a size is refused', () => {
  const sysfs = makeSysfs('dax', { size: '0' })
  expect(() => openNull(sysfs)).toThrow(expect.objectContaining({ errno: 'EINVAL' }))
})

test.each([
  ['another kind of device', () => makeSysfs('mem', { size: '67108864' })],
  ['a device whose size nothing tells', () => makeSysfs('dax', {})],
  ['a device that sysfs does not know', makeDirectory],
])('%s is not mapped', (_what, sysfs) => {
  expect(() => openNull(sysfs())).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'ENODEV' }),
  )
})
