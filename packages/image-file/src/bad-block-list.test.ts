import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ByteRange } from '@bttkit/interfaces'
import { findBadBlocks } from './index.ts'

const SIZE = 2 ** 30
const DISK = 0x10300n
const PARTITION = 0x10301n

/** A sysfs with a disk, 259:0, and a partition of it, 259:1, from sector 2048 on. @param list of the disk; absent: it has none */
function makeSysfs(list?: string): string {
  const sysfs = mkdtempSync(join(tmpdir(), 'bttkit-sysfs-'))
  onTestFinished(() => rmSync(sysfs, { recursive: true }))
  const partition = join(sysfs, 'devices/pmem0/pmem0p1')
  for (const directory of [partition, join(sysfs, 'dev/block')]) mkdirSync(directory, { recursive: true })
  if (list !== undefined) writeFileSync(join(sysfs, 'devices/pmem0/badblocks'), list)
  writeFileSync(join(partition, 'partition'), '1\n')
  writeFileSync(join(partition, 'start'), '2048\n')
  symlinkSync('../../devices/pmem0', join(sysfs, 'dev/block/259:0'))
  symlinkSync('../../devices/pmem0/pmem0p1', join(sysfs, 'dev/block/259:1'))
  return sysfs
}

const found = (list: string | undefined, device: bigint, sizeBytes = SIZE): [number, number][] | undefined =>
  findBadBlocks(device, sizeBytes, makeSysfs(list))?.map(({ offset, length }: ByteRange) => [offset, length])

test('the list of a disk is in sectors of 512 bytes', () => {
  expect(found('8 2\n4096 1\n', DISK)).toEqual([
    [4096, 1024],
    [4096 * 512, 512],
  ])
})

test('a partition has those of its part of the disk', () => {
  expect(found('8 2\n2047 2\n4096 1\n', PARTITION)).toEqual([
    [0, 512],
    [2048 * 512, 512],
  ])
})

test('an empty list is one of nothing', () => {
  expect(found('', DISK)).toEqual([])
  expect(found('\n', DISK)).toEqual([])
})

test('where there is no list nothing is known', () => {
  expect(found(undefined, DISK)).toBeUndefined()
  expect(findBadBlocks(0x9900n, SIZE, makeSysfs('8 1\n'))).toBeUndefined()
})

test.each(['eight one\n', '8\n', '8 1 1\n', '-8 1\n', `${'9'.repeat(400)} 1\n`])(
  'a list that nobody understands is none: %j',
  (list) => {
    expect(found(list, DISK)).toBeUndefined()
  },
)

test.each([
  ['that are out of order', '4 1\n0 1\n', [[0, 512], [2048, 512]]], // oxfmt-ignore
  ['that overlap', '4 4\n0 6\n1 1\n', [[0, 4096]]],
  ['that touch, as the kernel lists a long one', '0 8\n8 4\n', [[0, 12 * 512]]],
  ['of nothing', '8 0\n', []],
  ['that reach beyond the end', '15 100\n999999999999999 1\n', [[15 * 512, 512]]],
])('ranges %s come in order, apart and within the device', (_what, list, ranges) => {
  expect(found(list, DISK, 8192)).toEqual(ranges)
})
