import { expect, test } from 'vitest'
import { KERNEL_LBASIZES, sectorShape } from './index.ts'

test.each([
  [512, 512, 0],
  [520, 512, 8],
  [528, 512, 16],
  [4096, 4096, 0],
  [4104, 4096, 8],
  [4160, 4096, 64],
  [4224, 4096, 128],
])('an LBA of %i bytes is a sector of %i and metadata of %i', (lbasize, sectorSize, metadataSize) => {
  expect(KERNEL_LBASIZES).toContain(lbasize)
  expect(sectorShape(lbasize)).toEqual({ sectorSize, metadataSize })
})

test('Linux knows these seven sizes', () => {
  expect(KERNEL_LBASIZES).toHaveLength(7)
})

test.each([1, 511, 513, 514, 768, 1024, 4095, 4097, 4112, 8192, 2 ** 20])(
  'an LBA of %i bytes is a sector without metadata',
  (lbasize) => {
    expect(sectorShape(lbasize)).toEqual({ sectorSize: lbasize, metadataSize: 0 })
  },
)
