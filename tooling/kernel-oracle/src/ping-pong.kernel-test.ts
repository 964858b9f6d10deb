/** The Linux driver and we write one image in turns, under a model that knows every sector. The machine runs all the time: the driver lets go of the image, and takes it again. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { GENERATION_TORN, kernelPattern, readKernelPattern } from '@bttkit/fixtures'
import { createStack } from '@bttkit/stack'
import { verdictOf } from './image-state.test-support.ts'
import { chance, create, pattern } from './our-images.test-support.ts'
import { readByUs } from './our-reading.test-support.ts'
import { Scratch } from './scratch.test-support.ts'
import { startGuest } from './start-guest.ts'
import { untilThere } from './until.test-support.ts'

/** Sectors without metadata and with some, several to a page and one; and how often each has its turn. */
const ROUNDS = [
  [4096, 10],
  [512, 10],
  [520, 4],
  [4104, 4],
] as const
const CPUS = 4
const WRITES_A_TURN = 120
const LONGEST_RANGE = 6
const TURN_LIMIT_MS = 120_000
const SCRIPT_LIMIT_MS = 400_000

/** Each turn of the driver is a script that the host puts into the folder. */
const scriptOf = (rounds: number): string => `
. /nvdimms.sh
btt=$(basename /sys/bus/nd/drivers/nd_pmem/btt$(region_of 0).*)
for round in $(seq 1 ${rounds}); do
  echo $btt >/sys/bus/nd/drivers/nd_pmem/unbind
  touch yours-$round
  while [ ! -e turn-$round ]; do sleep 0.1; done
  echo $btt >/sys/bus/nd/drivers/nd_pmem/bind
  . ./turn-$round
done
echo $btt >/sys/bus/nd/drivers/nd_pmem/unbind
touch yours-${rounds + 1}
`

interface Range {
  readonly lba: number
  readonly count: number
  readonly generation: number
}

/** What each sector holds: its generation, 0 for zeros. */
class Model {
  readonly generations: Uint32Array
  readonly sectorSize: number
  private nextGeneration = 1

  constructor(sectorCount: number, sectorSize: number) {
    this.generations = new Uint32Array(sectorCount)
    this.sectorSize = sectorSize
  }

  /** A range within a part of the sectors, which holds a new generation from now on. */
  write(below: (limit: number) => number, first: number, end: number): Range {
    const count = 1 + below(LONGEST_RANGE)
    const lba = first + below(end - first - count)
    const generation = this.nextGeneration++
    this.generations.fill(generation, lba, lba + count)
    return { lba, count, generation }
  }

  zero(below: (limit: number) => number): Range {
    const count = 1 + below(LONGEST_RANGE)
    const lba = below(this.generations.length - count)
    this.generations.fill(0, lba, lba + count)
    return { lba, count, generation: 0 }
  }

  /** The sectors that are not as they should be, with what they are. */
  problems(content: Buffer): string[] {
    const problems: string[] = []
    for (const [lba, expected] of this.generations.entries()) {
      const sector = content.subarray(lba * this.sectorSize, (lba + 1) * this.sectorSize)
      const found = readKernelPattern(lba, sector)
      if (found !== expected)
        problems.push(`LBA ${lba}: ${found === GENERATION_TORN ? 'torn' : found}, not ${expected}`)
    }
    return problems
  }
}

async function ourTurn(image: string, model: Model, below: (limit: number) => number): Promise<void> {
  const device = await createStack().openImage(image, { blocking: true })
  for (let i = 0; i < WRITES_A_TURN; i++) {
    if (below(8) === 0) {
      const { lba, count } = model.zero(below)
      device.blocking.zero(lba, count)
    } else {
      const { lba, count, generation } = model.write(below, 0, device.sectorCount)
      device.blocking.write(lba, pattern(device, lba, count, generation))
    }
  }
  device.blocking.close()
}

/** The driver's turn, as a script: it reads everything, then each processor writes in a part of its own. */
async function kernelTurn(
  job: string,
  round: number,
  model: Model,
  below: (limit: number) => number,
): Promise<void> {
  const { sectorSize, generations } = model
  // In large pieces: it is right where zeros are stored as the image needs it.
  const lines = ['read_in_pages 0', `mv in-pages-0 content-${round}`, 'disk=$(btt_disk_of 0)']
  const data: Uint8Array[] = []
  let stored = 0
  for (let cpu = 0; cpu < CPUS; cpu++) {
    const [first, end] = [cpu, cpu + 1].map((part) => Math.floor((part * generations.length) / CPUS))
    lines.push('(', `taskset -p ${1 << cpu} $(sh -c 'echo $PPID') >/dev/null`)
    for (let i = 0; i < WRITES_A_TURN / CPUS; i++) {
      const { lba, count, generation } = model.write(below, first ?? 0, end ?? 0)
      for (let at = lba; at < lba + count; at++) data.push(kernelPattern(at, generation, sectorSize))
      lines.push(
        `gnu-dd if=/tmp/data of=/dev/$disk bs=${sectorSize} skip=${stored} seek=${lba} count=${count} oflag=direct conv=notrunc`,
      )
      stored += count
    }
    lines.push(') 2>/dev/null &')
  }
  lines.splice(1, 0, `cp data-${round} /tmp/data`)
  await writeFile(join(job, `data-${round}`), Buffer.concat(data))
  await writeFile(join(job, 'turn'), [...lines, 'wait', ''].join('\n'))
  // The guest may look at any time: the script is there as a whole or not at all.
  await rename(join(job, 'turn'), join(job, `turn-${round}`))
}

const whyNot = inject('whyNoKernel')

test.skipIf(whyNot !== '').each(ROUNDS)('%i: %i rounds of turns on one image', async (lbasize, rounds) => {
  using scratch = new Scratch()
  const image = scratch.path('ping-pong.img')
  await create(image, { externalLbasize: lbasize })
  const { sectorCount, sectorSize } = await readByUs(image)
  const model = new Model(sectorCount, sectorSize)
  const below = chance(5)
  await using guest = await startGuest({
    kernel: inject('kernelPackage'),
    nvdimms: [{ path: image }],
    cpus: CPUS,
    script: scriptOf(rounds),
    limitMs: SCRIPT_LIMIT_MS,
  })
  for (let round = 1; round <= rounds; round++) {
    await untilThere(join(guest.job, `yours-${round}`), TURN_LIMIT_MS)
    expect(await verdictOf(image)).toBe('clean')
    expect(model.problems((await readByUs(image)).content), `we, round ${round}`).toEqual([])
    await ourTurn(image, model, below)
    const left = new Model(sectorCount, sectorSize)
    left.generations.set(model.generations)
    await kernelTurn(guest.job, round, model, below)
    await untilThere(join(guest.job, `yours-${round + 1}`), TURN_LIMIT_MS)
    const content = await readFile(join(guest.job, `content-${round}`))
    expect(left.problems(content), `the driver, round ${round}`).toEqual([])
  }
  expect(model.problems((await readByUs(image)).content)).toEqual([])
  const { status, output } = await guest.report()
  expect({ status, output }).toEqual({ status: 0, output: '' })
})
