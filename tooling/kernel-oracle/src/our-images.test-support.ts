/** Images that we make and write, and stop at in many ways. What sectors hold is the pattern of the fixtures, so that a torn sector can be told. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { errorEntry, mapBlock } from '@bttkit/btt-format'
import { kernelPattern } from '@bttkit/fixtures'
import type { BttDevice, Zeroing } from '@bttkit/interfaces'
import { createStack, type CreateImageOptions } from '@bttkit/stack'

const stack = createStack()

/** As small as a BTT 1.1 can be, and a little more. */
const IMAGE_BYTES = 17 * 2 ** 20

/** A few numbers that look like chance, the same ones for a seed: those of Numerical Recipes. */
export function chance(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export async function create(image: string, options: CreateImageOptions): Promise<void> {
  await stack.createImage(image, { sizeBytes: IMAGE_BYTES, ...options })
}

/** Several sectors of a generation. */
export function pattern(device: BttDevice, lba: number, count: number, generation: number): Uint8Array {
  const sectors = Array.from({ length: count }, (_, i) =>
    kernelPattern(lba + i, generation, device.sectorSize),
  )
  return Buffer.concat(sectors)
}

const RANGE_SECTORS = 8

/**
 * Writes ranges, with metadata where sectors have some, and zeroes others; most sectors several times.
 *
 * @param zeroing Default: as it suits the image.
 */
export async function randomWorkload(
  image: string,
  seed: number,
  { operations = 6000, zeroing }: { operations?: number; zeroing?: Zeroing } = {},
): Promise<void> {
  const device = await stack.openImage(image, { blocking: true, zeroing })
  const below = chance(seed)
  for (let generation = 1; generation <= operations; generation++) {
    const count = 1 + below(RANGE_SECTORS)
    const lba = below(device.sectorCount - count)
    const metadata = new Uint8Array(count * device.metadataSize).fill(generation)
    if (below(10) === 0) device.blocking.zero(lba, count)
    else device.blocking.write(lba, pattern(device, lba, count, generation), metadata)
  }
  device.blocking.close()
}

/** Lays a BTT out over old data, writes many sectors and zeroes others by flags; then zeroes, as it suits the image, all that read as zeros: also those that were never written. */
export async function zeroAgain(image: string, seed: number): Promise<void> {
  writeFileSync(image, Buffer.alloc(IMAGE_BYTES, 'old data '))
  await create(image, { externalLbasize: 512, force: true })
  await randomWorkload(image, seed, { operations: 1000, zeroing: 'flags' })
  const device = await stack.openImage(image, { blocking: true })
  const sector = new Uint8Array(device.sectorSize)
  for (let lba = 0; lba < device.sectorCount; lba++) {
    device.blocking.read(lba, sector)
    if (sector.every((byte) => byte === 0)) device.blocking.zero(lba, 1)
  }
  device.blocking.close()
}

/** Marks sectors in the map as lost, as the driver and we do where a medium cannot be read. */
export async function loseSectors(image: string, lbas: Iterable<number>): Promise<void> {
  const device = await stack.openImage(image, { readOnly: true })
  const [arena] = device.info.arenas
  await device.close()
  if (arena === undefined) throw new Error(`${image} has no arena`)
  const fd = openSync(image, 'r+')
  const entry = new DataView(new ArrayBuffer(4))
  for (const lba of lbas) {
    const at = arena.offset + arena.mapoff + 4 * lba
    readSync(fd, entry, 0, 4, at)
    entry.setUint32(0, errorEntry(mapBlock(entry.getUint32(0, true), lba)), true)
    writeSync(fd, entry, 0, 4, at)
  }
  closeSync(fd)
}

/** Writes by many tasks at a time, over storage that fails all calls from one in their middle on, so that lanes stay where they were. */
export async function leaveInFlight(image: string, seed: number, tasks = 24): Promise<void> {
  // The flushes sleep for different times, so the tasks are in different steps.
  const parameters = `flushDelayMs=0..4&flushSeed=${seed}&faults=write,crash,stage=map,nth=300`
  const device = await stack.openImage(`fault:sleeping-flush:${image}?${parameters}`)
  const below = chance(seed)
  const task = async (): Promise<void> => {
    for (let generation = 1; ; generation++) {
      const lba = below(device.sectorCount)
      await device.write(lba, pattern(device, lba, 1, generation))
    }
  }
  await Promise.allSettled(Array.from({ length: tasks }, task))
  await device.close().catch(() => {})
}

/** Has a process write by many tasks, and kills it. */
export async function killWriter(image: string): Promise<void> {
  const program = fileURLToPath(new URL('endless-writer.test-support.ts', import.meta.url))
  const writer = spawn(process.execPath, ['--conditions=@bttkit/source', program, image], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(writer.stdout, 'data')
  writer.kill('SIGKILL')
  await once(writer, 'exit')
}
