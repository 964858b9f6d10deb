/**
 * Measures one contestant inside the guest: `node side-by-side.guest.ts device PATH` or `… library PATH`, with the number of operations behind. Prints the nanoseconds
 * of a write and of a read. Each operation is one sector of 4096 bytes at random, past the page cache, durable when it is over.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { createStack } from '@bttkit/stack'
import { alignedBytes } from './aligned-bytes.ts'

const SECTOR_BYTES = 4096
/** The same for all, and small enough for every contestant. */
const SECTORS = 4096
/** How often reads and writes are measured in turn; the median counts. */
const ROUNDS = 5

interface Contestant {
  readonly read: (lba: number) => void
  readonly write: (lba: number) => void
  readonly close: () => void
}

/** A disk of the kernel's, or a file of a mount. */
function device(path: string): Contestant {
  const sector = alignedBytes(SECTOR_BYTES)
  const fd = openSync(path, constants.O_RDWR | constants.O_DIRECT | constants.O_DSYNC)
  return {
    read: (lba) => readSync(fd, sector, 0, SECTOR_BYTES, lba * SECTOR_BYTES),
    write: (lba) => writeSync(fd, sector, 0, SECTOR_BYTES, lba * SECTOR_BYTES),
    close: () => closeSync(fd),
  }
}

/** An image that this process attaches itself. */
async function library(image: string): Promise<Contestant> {
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

const [, , kind = '', path = '', count = ''] = process.argv
const operations = Number(count)
const contestant = kind === 'library' ? await library(path) : device(path)
const times = { read: [] as number[], write: [] as number[] }
measured(operations, contestant.write)
for (let round = 0; round < ROUNDS; round++) {
  times.write.push(measured(operations, contestant.write))
  times.read.push(measured(operations, contestant.read))
}
contestant.close()
process.stdout.write(`${median(times.write)} ${median(times.read)}\n`)
