/** Images that we made and wrote, before the Linux driver: it attaches them, they have the size that we say, and every sector reads as we say. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { KERNEL_LBASIZES } from '@bttkit/btt-format'
import type { BttState } from '@bttkit/interfaces'
import { stateOf, verdictOf } from './image-state.test-support.ts'
import { readByKernel, type KernelImageReading } from './kernel-reading.test-support.ts'
import {
  create,
  killWriter,
  leaveInFlight,
  loseSectors,
  randomWorkload,
  zeroAgain,
} from './our-images.test-support.ts'
import { differingSectors, readByUs, type Reading } from './our-reading.test-support.ts'
import { Scratch } from './scratch.test-support.ts'

interface OurImage {
  readonly name: string
  readonly externalLbasize: number
  /** What happens to the image when it has been created. */
  readonly write: (path: string) => Promise<void>
  /** What an attach finds. Default: of no matter. */
  readonly state?: BttState
  /** What ndctl says of it; default: that it is clean. */
  readonly ndctl?: NdctlVerdict
  /** Whether its map calls sectors zero, of which the driver has several in a page. */
  readonly isMisreadInBulk?: boolean
}

interface NdctlVerdict {
  readonly status: number
  readonly says: string
}

const CLEAN: NdctlVerdict = { status: 0, says: 'checked 1 namespace\n' }
/** It demands that blocks are as large as sectors. */
const CANNOT_PARSE: NdctlVerdict = { status: 250, says: 'Problem parsing arena[0] metadata' }
/** It takes the error flag of an old block, which the driver writes as we do, for a part of the number. */
const MISREADS_ERROR_FLAG: NdctlVerdict = {
  status: 250,
  says: "a log entry with an out of bounds 'old' mapping",
}

const every = (step: number, to: number): number[] =>
  Array.from({ length: Math.ceil(to / step) }, (_, i) => i * step)

const allImages: OurImage[] = [
  ...KERNEL_LBASIZES.map((externalLbasize, i) => ({
    name: `${externalLbasize}, random workload`,
    externalLbasize,
    ndctl: [520, 528, 4104].includes(externalLbasize) ? CANNOT_PARSE : CLEAN,
    write: (path: string) => randomWorkload(path, i),
  })),
  {
    name: '512, zeroed by flags',
    externalLbasize: 512,
    write: (path) => randomWorkload(path, 10, { zeroing: 'flags' }),
    isMisreadInBulk: true,
  },
  {
    name: '512, over old data, zeroed by flags and again by data',
    externalLbasize: 512,
    write: (path) => zeroAgain(path, 11),
  },
  { name: '4096, as created', externalLbasize: 4096, write: async () => {} },
  ...[512, 4104].map((externalLbasize) => ({
    name: `${externalLbasize}, lost sectors`,
    externalLbasize,
    ndctl: externalLbasize === 4104 ? CANNOT_PARSE : CLEAN,
    write: async (path: string) => {
      await randomWorkload(path, 8)
      await loseSectors(path, every(13, 500))
    },
  })),
  {
    name: '512, lost sectors written again',
    externalLbasize: 512,
    ndctl: MISREADS_ERROR_FLAG,
    write: async (path) => {
      await loseSectors(path, every(3, 2000))
      await randomWorkload(path, 9, { operations: 500 })
    },
  },
  ...[512, 4096].flatMap((externalLbasize) => [
    { name: `${externalLbasize}, writer killed`, externalLbasize, write: killWriter },
    {
      name: `${externalLbasize}, lanes in flight`,
      externalLbasize,
      write: (path: string) => leaveInFlight(path, externalLbasize),
      state: 'needs-recovery' as const,
    },
  ]),
]

/** Sectors are read one by one, so small ones take most of the time: a run of `test:kernel:brief` leaves them out. */
const images = allImages.filter(
  ({ externalLbasize }) => process.env['BTTKIT_KERNEL_BRIEF'] !== '1' || externalLbasize >= 4096,
)

interface Outcome {
  readonly path: string
  readonly state: BttState
  readonly byUs: Reading
  readonly byKernel: KernelImageReading
}

const PAGE_BYTES = 4096

/** Whether an earlier sector of its page holds zeros. */
function followsZeroed({ content, sectorSize }: Reading, lba: number): boolean {
  const end = lba * sectorSize
  for (let at = end - (end % PAGE_BYTES); at < end; at += sectorSize) {
    if (!content.subarray(at, at + sectorSize).some((byte) => byte !== 0)) return true
  }
  return false
}

/** The sectors that the driver reads otherwise in large pieces than one by one. Where a sector is lost, so is the whole piece. */
function differingInBulk({ reading, inPages }: KernelImageReading): number[] {
  if (reading === undefined || inPages === undefined) throw new Error('the driver does not take it for a BTT')
  return reading.lost.length > 0 ? [] : differingSectors(reading, { ...reading, content: inPages })
}

const whyNot = inject('whyNoKernel')

describe.skipIf(whyNot !== '')('an image of ours under the Linux driver', () => {
  const scratch = new Scratch()
  const outcomes = new Map<OurImage, Outcome>()
  const outcomeOf = (image: OurImage): Outcome => {
    const outcome = outcomes.get(image)
    if (outcome === undefined) throw new Error(`${image.name} was not read`)
    return outcome
  }

  beforeAll(async () => {
    const made = []
    for (const [i, image] of images.entries()) {
      const path = scratch.path(`${i}.img`)
      await create(path, { externalLbasize: image.externalLbasize })
      await image.write(path)
      made.push({ image, path, state: await stateOf(path), byUs: await readByUs(path) })
    }
    const readings = await readByKernel(made.map(({ path }) => ({ path })))
    for (const [i, { image, ...ours }] of made.entries()) {
      const byKernel = readings[i]
      if (byKernel !== undefined) outcomes.set(image, { ...ours, byKernel })
    }
  })

  afterAll(() => scratch[Symbol.dispose]())

  test.each(images.filter(({ state }) => state !== undefined))(
    '$name: is what it is meant to be',
    (image) => {
      expect(outcomeOf(image).state).toBe(image.state)
    },
  )

  test.each(images)('$name: attaches, has our size, and every sector reads as we say', (image) => {
    const { byUs, byKernel } = outcomeOf(image)
    if (byKernel.reading === undefined) throw new Error('the driver does not take it for a BTT')
    const { sectorSize, sectorCount, lost } = byKernel.reading
    expect({ sectorSize, sectorCount }).toEqual({
      sectorSize: byUs.sectorSize,
      sectorCount: byUs.sectorCount,
    })
    expect(lost).toEqual(byUs.lost)
    expect(differingSectors(byKernel.reading, byUs)).toEqual([])
  })

  test.each(images)('$name: is sound and reads the same after the driver has had it', async (image) => {
    const { byUs, path } = outcomeOf(image)
    expect(await verdictOf(path)).toBe('clean')
    const after = await readByUs(path)
    expect(after.lost).toEqual(byUs.lost)
    expect(differingSectors(after, byUs)).toEqual([])
  })

  test.each(images)('$name: ndctl agrees, as far as it can', (image) => {
    const { ndctlStatus: status, ndctlSays: says } = outcomeOf(image).byKernel
    const verdict = image.ndctl ?? CLEAN
    expect({ status, says }).toEqual({ status: verdict.status, says: expect.stringContaining(verdict.says) })
  })

  test.each(images.filter(({ isMisreadInBulk }) => isMisreadInBulk !== true))(
    '$name: reads the same in large pieces',
    (image) => {
      expect(differingInBulk(outcomeOf(image).byKernel)).toEqual([])
    },
  )

  test.each(images.filter(({ isMisreadInBulk }) => isMisreadInBulk))(
    '$name: is misread in large pieces, but only in the rest of a page after a zeroed sector',
    (image) => {
      const { byUs, byKernel } = outcomeOf(image)
      const differing = differingInBulk(byKernel)
      expect(differing).not.toEqual([])
      expect(differing.filter((lba) => !followsZeroed(byUs, lba))).toEqual([])
    },
  )
})
