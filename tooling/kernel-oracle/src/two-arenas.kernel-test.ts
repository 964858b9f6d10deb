/** A BTT of two arenas, of which the first is as large as one can be. The file is sparse: what nobody writes costs nothing. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { readKernelPattern } from '@bttkit/fixtures'
import type { BttDevice } from '@bttkit/interfaces'
import { createStack } from '@bttkit/stack'
import { bootKernel } from './boot-kernel.ts'
import { stateOf } from './image-state.test-support.ts'
import { chance, create, pattern } from './our-images.test-support.ts'
import { Scratch } from './scratch.test-support.ts'

const GIB = 2 ** 30
const SIZE_BYTES = 513 * GIB
const SECTOR_BYTES = 4096
const RANGE_SECTORS = 32
const LIMIT_MS = 240_000

/** Ranges at the ends of the device and around the border of the arenas, and a few anywhere; they do not overlap. */
function rangesOf(device: BttDevice): number[] {
  const [first] = device.info.arenas
  const border = first?.externalNlba ?? 0
  const below = chance(3)
  const step = Math.floor(border / 8)
  const anywhere = Array.from({ length: 6 }, (_, i) => (i + 1) * step + below(step - RANGE_SECTORS))
  const last = device.sectorCount - RANGE_SECTORS
  return [0, ...anywhere, border - RANGE_SECTORS / 2, last - RANGE_SECTORS, last]
}

const OUR_GENERATION = 1
const ITS_GENERATION = 2

function generationsOf(content: Uint8Array, lba: number): Set<number> {
  const sectors = Array.from({ length: RANGE_SECTORS }, (_, i) => i)
  return new Set(
    sectors.map((i) =>
      readKernelPattern(lba + i, content.subarray(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES)),
    ),
  )
}

function script(ranges: readonly number[]): string {
  const dd = (options: string): string =>
    `gnu-dd bs=${SECTOR_BYTES} count=${RANGE_SECTORS} conv=notrunc ${options} 2>&1 || exit 1`
  return [
    '. /nvdimms.sh',
    'disk=$(btt_disk_of 0) || exit 1',
    'echo $(($(cat /sys/block/$disk/size) / 8)) >sectors',
    ...ranges.map((lba, i) => dd(`if=/dev/$disk of=read-${i} skip=${lba} iflag=direct`)),
    ...ranges.map((lba, i) => dd(`if=new-${i} of=/dev/$disk seek=${lba} oflag=direct`)),
  ].join('\n')
}

const whyNot = inject('whyNoKernel')

test.skipIf(whyNot !== '')('two arenas: the driver reads what we wrote, and we what it wrote', async () => {
  using scratch = new Scratch()
  const image = scratch.path('two-arenas.img')
  await create(image, { sizeBytes: SIZE_BYTES, externalLbasize: SECTOR_BYTES })
  const device = await createStack().openImage(image)
  expect(device.info.arenas).toHaveLength(2)
  const ranges = rangesOf(device)
  for (const lba of ranges) await device.write(lba, pattern(device, lba, RANGE_SECTORS, OUR_GENERATION))
  await device.close()
  const news = ranges.map((lba, i) => [`new-${i}`, pattern(device, lba, RANGE_SECTORS, ITS_GENERATION)])
  const read: Buffer[] = []
  let sectors = 0
  const report = await bootKernel(
    {
      kernel: inject('kernelPackage'),
      nvdimms: [{ path: image }],
      script: script(ranges),
      files: Object.fromEntries(news),
      limitMs: LIMIT_MS,
    },
    async (job) => {
      sectors = Number(await readFile(join(job, 'sectors'), 'utf8'))
      for (const i of ranges.keys()) read.push(await readFile(join(job, `read-${i}`)))
    },
  )
  expect(report).toMatchObject({ status: 0 })
  expect(sectors).toBe(device.sectorCount)
  for (const [i, lba] of ranges.entries())
    expect([...generationsOf(read[i] ?? Buffer.alloc(0), lba)], `the driver, LBA ${lba}`).toEqual([
      OUR_GENERATION,
    ])
  expect(await stateOf(image)).toBe('clean')
  const again = await createStack().openImage(image, { readOnly: true })
  for (const lba of ranges) {
    const content = new Uint8Array(RANGE_SECTORS * SECTOR_BYTES)
    await again.read(lba, content)
    expect([...generationsOf(content, lba)], `we, LBA ${lba}`).toEqual([ITS_GENERATION])
  }
  await again.close()
})
