/**
 * Writes what the fixtures hold, inside the guest: `node write-pattern.guest.ts DISK SECTOR_BYTES SECTORS PATTERN PART PARTS`. Each generation of the pattern is written in
 * turn, past the page cache, in an order that looks like chance; of several that run at a time each has a part of the sectors.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { finalGeneration, kernelPattern, type KernelPattern } from '@bttkit/fixtures'
import { alignedBytes } from './aligned-bytes.ts'

const MOST_GENERATIONS = 4

const [, , disk = '', ...rest] = process.argv
const [sectorBytes = 0, sectors = 0, seed = 0, genBase = 0, part = 0, parts = 1] = rest.map(Number)
const pattern: KernelPattern = { seed, genBase }
const lbas = Array.from({ length: sectors }, (_, lba) => lba)
  .filter((lba) => lba % parts === part)
  .toSorted((one, other) => (Math.imul(one, 2_654_435_761) >>> 0) - (Math.imul(other, 2_654_435_761) >>> 0))
const buffer = alignedBytes(sectorBytes)
const fd = openSync(disk, constants.O_WRONLY | constants.O_DIRECT)
for (let generation = genBase + 1; generation <= genBase + MOST_GENERATIONS; generation++) {
  for (const lba of lbas) {
    if (finalGeneration(pattern, lba) < generation) continue
    buffer.set(kernelPattern(lba, generation, sectorBytes))
    writeSync(fd, buffer, 0, sectorBytes, lba * sectorBytes)
  }
}
closeSync(fd)
