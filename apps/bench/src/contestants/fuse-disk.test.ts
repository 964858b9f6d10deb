/** That a disk on which fio's writes are missing, or which has anything else, does not pass. */
import { expect, test } from 'vitest'
import { SMALL_WORK } from './contestants.test-support.ts'
import { filledPieces } from './fill-image.ts'
import { countPattern } from './fuse-disk.ts'
import { patternBytes } from './run-fio.ts'

const { sectorBytes, sectors } = SMALL_WORK
const PATTERN = patternBytes(0x0102_0304)

function filledDisk(): Uint8Array {
  const disk = new Uint8Array(sectors * sectorBytes)
  for (const { lba, bytes } of filledPieces(SMALL_WORK)) disk.set(bytes, lba * sectorBytes)
  return disk
}

/** Writes a sector as fio does. */
function writePattern(disk: Uint8Array, lba: number): void {
  for (let at = lba * sectorBytes; at < (lba + 1) * sectorBytes; at += PATTERN.length) disk.set(PATTERN, at)
}

function count(disk: Uint8Array): Promise<number> {
  return countPattern('disk', SMALL_WORK, PATTERN, (lba, target) => {
    target.set(disk.subarray(lba * sectorBytes, lba * sectorBytes + target.length))
  })
}

test('the bytes of a pattern are in the order of its digits', () => {
  expect([...PATTERN]).toEqual([1, 2, 3, 4])
})

test('sectors with the new content are counted', async () => {
  const disk = filledDisk()
  expect(await count(disk)).toBe(0)
  for (const lba of [0, 70, sectors - 1]) writePattern(disk, lba)
  expect(await count(disk)).toBe(3)
})

test.each<[string, (disk: Uint8Array) => void]>([
  ['a sector with half of the new content', (disk) => writePattern(disk.subarray(256), 3)],
  ['the content of an older round', (disk) => disk.fill(9, 5 * sectorBytes, 6 * sectorBytes)],
  ['a wrong byte where nothing was written', (disk) => disk.fill(9, -1)],
])('%s is found out', async (_, spoil) => {
  const disk = filledDisk()
  spoil(disk)
  await expect(count(disk)).rejects.toThrow(/^disk: sector \d+ has neither its old nor its new content$/)
})
