/** The Linux driver killed while several processors write: we recover to what the driver itself recovers to. */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { kernelPattern, readKernelPattern } from '@bttkit/fixtures'
import { createStack } from '@bttkit/stack'
import { stateOf, verdictOf } from './image-state.test-support.ts'
import { readByKernel } from './kernel-reading.test-support.ts'
import { create } from './our-images.test-support.ts'
import { differingSectors, readByUs, type Reading } from './our-reading.test-support.ts'
import { Scratch } from './scratch.test-support.ts'
import { startGuest, type Guest } from './start-guest.ts'
import { untilThere } from './until.test-support.ts'

const SECTOR_SIZES = [512, 4096]
/** Generations 1 to this one, of all sectors, are what the guest writes. */
const GENERATIONS = 3
const CPUS = 4
const START_LIMIT_MS = 120_000
const SCRIPT_LIMIT_MS = 240_000
/** How long it is looked for a write that is under way; mostly it takes a few pauses. */
const SEARCH_LIMIT_MS = 90_000

/** Writers on all processors, two an image, that overwrite each other's sectors until the machine is killed. */
const SCRIPT = `
. /nvdimms.sh
write_for_ever() {
  disk=$(btt_disk_of $1)
  size=$(cat /sys/block/$disk/queue/logical_block_size)
  sectors=$(($(cat /sys/block/$disk/size) * 512 / size))
  for write in $(seq 1 10000); do
    [ $write = 5 ] && touch writing-$2
    lba=$(((RANDOM * 32768 + RANDOM) % (sectors - 256)))
    from=/tmp/generation-$((1 + RANDOM % ${GENERATIONS}))-$size
    gnu-dd if=$from of=/dev/$disk bs=$size skip=$lba seek=$lba count=256 oflag=direct conv=notrunc
  done
}
cp generation-* /tmp
for cpu in $(seq 0 ${CPUS - 1}); do
  taskset -p $((1 << cpu)) $$ >/dev/null
  write_for_ever $((cpu % 2)) $cpu 2>/dev/null &
done
wait
`

function generationFiles(sectorCounts: ReadonlyMap<number, number>): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {}
  for (const [size, count] of sectorCounts) {
    for (let generation = 1; generation <= GENERATIONS; generation++) {
      const sectors = Array.from({ length: count }, (_, lba) => kernelPattern(lba, generation, size))
      files[`generation-${generation}-${size}`] = Buffer.concat(sectors)
    }
  }
  return files
}

async function sectorCountOf(image: string): Promise<number> {
  const device = await createStack().openImage(image, { readOnly: true })
  await device.close()
  return device.sectorCount
}

/** Stops the machine again and again, until in one of the images a lane is between the flog entry and the map. */
async function killInMidWrite(guest: Guest, paths: readonly string[]): Promise<void> {
  const end = performance.now() + SEARCH_LIMIT_MS
  for (let pauses = 0; performance.now() < end; pauses++) {
    guest.pause()
    const states = await Promise.all(paths.map(stateOf))
    if (states.includes('needs-recovery')) break
    guest.resume()
    // Never the same time, so that it does not go with what the writers do.
    await sleep(5 + (pauses % 17))
  }
  await guest.kill()
}

const whyNot = inject('whyNoKernel')

describe.skipIf(whyNot !== '')('an image of which the driver was killed', () => {
  const scratch = new Scratch()
  const pathOf = (size: number): string => scratch.path(`${size}.img`)
  const byUs = new Map<number, Reading>()
  const byKernel = new Map<number, Reading | undefined>()
  const states = new Map<number, string>()

  beforeAll(async () => {
    const sectorCounts = new Map<number, number>()
    for (const size of SECTOR_SIZES) {
      await create(pathOf(size), { externalLbasize: size })
      sectorCounts.set(size, await sectorCountOf(pathOf(size)))
    }
    const paths = SECTOR_SIZES.map(pathOf)
    {
      await using guest = await startGuest({
        kernel: inject('kernelPackage'),
        nvdimms: paths.map((path) => ({ path })),
        cpus: CPUS,
        script: SCRIPT,
        files: generationFiles(sectorCounts),
        limitMs: SCRIPT_LIMIT_MS,
      })
      for (let cpu = 0; cpu < CPUS; cpu++) await untilThere(join(guest.job, `writing-${cpu}`), START_LIMIT_MS)
      await killInMidWrite(guest, paths)
    }
    for (const size of SECTOR_SIZES) {
      states.set(size, await stateOf(pathOf(size)))
      await copyFile(pathOf(size), `${pathOf(size)}.ours`)
      byUs.set(size, await readByUs(pathOf(size)))
    }
    const readings = await readByKernel(paths.map((path) => ({ path })))
    for (const [i, size] of SECTOR_SIZES.entries()) byKernel.set(size, readings[i]?.reading)
  })

  afterAll(() => scratch[Symbol.dispose]())

  test('one was killed between two stores of a write', () => {
    expect([...states.values()]).toContain('needs-recovery')
  })

  test.each(SECTOR_SIZES)('%i: we read what the driver reads, sector for sector', (size) => {
    const [ours, kernels] = [byUs.get(size), byKernel.get(size)]
    if (ours === undefined || kernels === undefined) throw new Error('it was not read')
    expect(ours.lost).toEqual([])
    expect(kernels.lost).toEqual([])
    expect(ours.sectorCount).toBe(kernels.sectorCount)
    expect(differingSectors(ours, kernels)).toEqual([])
  })

  test.each(SECTOR_SIZES)('%i: no sector is torn, and many were written', (size) => {
    const reading = byUs.get(size)
    if (reading === undefined) throw new Error('it was not read')
    const sectors = Array.from({ length: reading.sectorCount }, (_, lba) => lba)
    const generations = sectors.map((lba) =>
      readKernelPattern(lba, reading.content.subarray(lba * size, (lba + 1) * size)),
    )
    expect(generations.filter((generation) => generation > GENERATIONS)).toEqual([])
    expect(generations.filter((generation) => generation > 0).length).toBeGreaterThan(256)
  })

  test.each(SECTOR_SIZES)('%i: what we have recovered for writing reads the same', async (size) => {
    const path = `${pathOf(size)}.ours`
    const device = await createStack().openImage(path)
    await device.close()
    expect(await verdictOf(path)).toBe('clean')
    const before = byUs.get(size)
    if (before === undefined) throw new Error('it was not read')
    expect(differingSectors(await readByUs(path), before)).toEqual([])
  })
})
