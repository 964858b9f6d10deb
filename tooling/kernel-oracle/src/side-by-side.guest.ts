/**
 * Measures contestants inside the guest: `node side-by-side.guest.ts OPERATIONS NAME KIND PATH …`, where KIND is `device` or `library`. Prints a line for each: its
 * name, and the nanoseconds of a write and of a read. Each operation is one sector of 4096 bytes at random, past the page cache, durable when it is over.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { createStack } from '@bttkit/stack'
import { alignedBytes } from './aligned-bytes.ts'

const SECTOR_BYTES = 4096
/** The same for all, and small enough for every contestant. */
const SECTORS = 1024
/** How often all are measured in turn, so that whatever else the machine does disturbs them alike; medians count. */
const ROUNDS = 5

interface Disk {
  readonly read: (lba: number) => void
  readonly write: (lba: number) => void
  readonly close: () => void
}

/** A disk of the kernel's, or a file of a mount. */
function device(path: string): Disk {
  const sector = alignedBytes(SECTOR_BYTES)
  const fd = openSync(path, constants.O_RDWR | constants.O_DIRECT | constants.O_DSYNC)
  return {
    read: (lba) => readSync(fd, sector, 0, SECTOR_BYTES, lba * SECTOR_BYTES),
    write: (lba) => writeSync(fd, sector, 0, SECTOR_BYTES, lba * SECTOR_BYTES),
    close: () => closeSync(fd),
  }
}

/** An image that this process attaches itself. */
async function library(image: string): Promise<Disk> {
  const sector = new Uint8Array(SECTOR_BYTES)
  const { blocking } = await createStack().openImage(image, { blocking: true })
  return {
    read: (lba) => blocking.read(lba, sector),
    write: (lba) => blocking.write(lba, sector),
    close: () => blocking.close(),
  }
}

/** Nanoseconds an operation. The sectors are the same for each contestant. */
function measured(operations: number, operation: (lba: number) => void): number {
  const start = process.hrtime.bigint()
  for (let i = 0, lba = 1; i < operations; i++) {
    lba = (lba * 1365 + 7) % SECTORS
    operation(lba)
  }
  return Number(process.hrtime.bigint() - start) / operations
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN
}

const [, , count = '', ...rest] = process.argv
const operations = Number(count)
const contestants: { name: string; disk: Disk; writes: number[]; reads: number[] }[] = []
for (let at = 0; at < rest.length; at += 3) {
  const [name = '', kind = '', path = ''] = rest.slice(at, at + 3)
  const disk = kind === 'library' ? await library(path) : device(path)
  contestants.push({ name, disk, writes: [], reads: [] })
}
// No sector is new to anybody when it is measured.
for (const { disk } of contestants) measured(SECTORS, disk.write)
for (let round = 0; round < ROUNDS; round++) {
  for (const { disk, writes } of contestants) writes.push(measured(operations, disk.write))
  for (const { disk, reads } of contestants) reads.push(measured(operations, disk.read))
}
for (const { name, disk, writes, reads } of contestants) {
  process.stdout.write(`${name} ${median(writes)} ${median(reads)}\n`)
  disk.close()
}
