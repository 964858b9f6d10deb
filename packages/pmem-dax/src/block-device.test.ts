/** Loop devices. Skipped where none can be made. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { deviceName } from '@bttkit/image-file'
import { ImageLockedError } from '@bttkit/interfaces'
import { DaxProvider } from './index.ts'
import { openImage } from './open-image.ts'
import {
  makeBlockDevice,
  makeDirectory,
  nativeCalls,
  openDax,
  readElsewhere,
  skipWithoutMappings,
} from './scratch.test-support.ts'

skipWithoutMappings()

const SIZE = 3 * 2 ** 20 + 512

test('a block device is mapped, to its last sector', (context) => {
  const { device, path } = makeBlockDevice(context, SIZE)
  const provider = openDax(device)
  expect(provider).toMatchObject({ size: SIZE, persistence: 'msync' })
  provider.write(4096, Uint8Array.of(1, 2, 3))
  provider.writeThrough(SIZE - 4, Uint8Array.of(4, 5, 6, 7), 0, 4)
  provider.flush()
  expect(readElsewhere(path, 4096, 3)).toEqual([1, 2, 3])
  expect([...readFileSync(path).subarray(SIZE - 4)]).toEqual([4, 5, 6, 7])
})

test('a block device is locked and shared as a file is', (context) => {
  const { device } = makeBlockDevice(context, SIZE)
  const provider = openDax(device)
  provider.lock('exclusive')
  expect(() => openDax(device).lock('shared')).toThrow(ImageLockedError)
  const joined = DaxProvider.join(provider.share())
  onTestFinished(() => joined.close())
  joined.write(SIZE - 1, Uint8Array.of(8))
  expect(provider.mapping?.at(-1)).toBe(8)
})

test('an existing block device is used where its size is the one asked for', (context) => {
  const { device } = makeBlockDevice(context, SIZE)
  expect(openDax(device, { createSizeBytes: SIZE }).size).toBe(SIZE)
  expect(() => openDax(device, { createSizeBytes: 512 })).toThrow(
    expect.objectContaining({ errno: 'EEXIST' }),
  )
})

test('a block device with bad blocks is refused, as to touch them would end the process', (context) => {
  const { device } = makeBlockDevice(context, SIZE)
  const native = nativeCalls()
  const sysfs = makeDirectory()
  const { rdev } = statSync(device, { bigint: true })
  const entry = join(sysfs, 'dev/block', deviceName(rdev))
  mkdirSync(entry, { recursive: true })
  writeFileSync(join(entry, 'badblocks'), '2 1\n')
  expect(() => openImage(device, { readOnly: true, native, sysfs })).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'EIO' }),
  )
})
