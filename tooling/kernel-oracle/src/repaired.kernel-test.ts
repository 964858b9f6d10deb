/** Images that were damaged and that we repaired, before the Linux driver. After it has read them it writes into them, and we check them again. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { RepairPlan } from '@bttkit/checker-image'
import { kernelPattern } from '@bttkit/fixtures'
import { verdictOf } from './image-state.test-support.ts'
import { readByKernel, type KernelImageReading } from './kernel-reading.test-support.ts'
import { differingSectors, readByUs, type Reading } from './our-reading.test-support.ts'
import {
  repair,
  repairedImages,
  withLoss,
  type DamagedImage,
  type RepairedImage,
} from './repaired-images.test-support.ts'
import { Scratch } from './scratch.test-support.ts'

interface Outcome {
  readonly path: string
  readonly plan: RepairPlan
  readonly made: DamagedImage
  readonly byUs: Reading
  readonly byKernel: KernelImageReading
}

/** ndctl demands that blocks are as large as sectors. */
const CANNOT_PARSE = 'Problem parsing arena[0] metadata'

/** The driver writes as many sectors, from the first on, when all has been read: among them are all that were lost. */
const OVERWRITTEN_SECTORS = 1100
const GENERATION = 77

function overwriting({ sectorSize }: Reading): Uint8Array {
  return Buffer.concat(
    Array.from({ length: OVERWRITTEN_SECTORS }, (_, lba) => kernelPattern(lba, GENERATION, sectorSize)),
  )
}

function writeScript({ sectorSize }: Reading, index: number): string {
  return `gnu-dd if=new-${index} of=/dev/$(btt_disk_of ${index}) bs=${sectorSize} oflag=direct conv=notrunc 2>&1 || exit 1`
}

/** Damages all images, repairs them, and has the driver read them and write into them: in one boot. */
async function outcomesOf(scratch: Scratch): Promise<Map<RepairedImage, Outcome>> {
  const made: Omit<Outcome, 'byKernel'>[] = []
  for (const [i, image] of repairedImages.entries()) {
    const path = scratch.path(`${i}.img`)
    const damaged = await image.make(path)
    const plan = await repair(path, image.options ?? {})
    made.push({ path, plan, made: damaged, byUs: await readByUs(path) })
  }
  const readings = await readByKernel(
    made.map(({ path }) => ({ path })),
    {
      script: made.map(({ byUs }, i) => writeScript(byUs, i)).join('\n'),
      files: Object.fromEntries(made.map(({ byUs }, i) => [`new-${i}`, overwriting(byUs)])),
    },
  )
  const outcomes = new Map<RepairedImage, Outcome>()
  for (const [i, image] of repairedImages.entries()) {
    const [outcome, byKernel] = [made[i], readings[i]]
    if (outcome !== undefined && byKernel !== undefined) outcomes.set(image, { ...outcome, byKernel })
  }
  return outcomes
}

/** Of an image of the driver's own, what its sectors held is in the tests of the repair. */
const ours = repairedImages.filter(({ isOurs }) => isOurs)

const whyNot = inject('whyNoKernel')

describe.skipIf(whyNot !== '')('an image that we repaired, under the Linux driver', () => {
  const scratch = new Scratch()
  const outcomes = new Map<RepairedImage, Outcome>()
  const outcomeOf = (image: RepairedImage): Outcome => {
    const outcome = outcomes.get(image)
    if (outcome === undefined) throw new Error(`${image.name} was not read`)
    return outcome
  }

  beforeAll(async () => {
    for (const [image, outcome] of await outcomesOf(scratch)) outcomes.set(image, outcome)
  })

  afterAll(() => scratch[Symbol.dispose]())

  test.each(repairedImages)('$name: something was put right, and it is clean', (image) => {
    const { plan } = outcomeOf(image)
    expect(plan.steps).not.toEqual([])
    expect(plan).toMatchObject({ withheld: [], after: 'clean' })
  })

  test.each(ours)('$name: reads as before the damage, but for what cannot be saved', (image) => {
    const { made, byUs } = outcomeOf(image)
    if (made.before === undefined) throw new Error('nobody knows what it held')
    const expected = withLoss(made.before, made)
    expect(byUs.lost).toEqual(expected.lost)
    expect(differingSectors(byUs, expected)).toEqual([])
  })

  test.each(repairedImages)('$name: attaches, has our size, and every sector reads as we say', (image) => {
    const { byUs, byKernel } = outcomeOf(image)
    if (byKernel.reading === undefined) throw new Error('the driver does not take it for a BTT')
    expect({ ...byKernel.reading, content: 0 }).toEqual({ ...byUs, content: 0 })
    expect(differingSectors(byKernel.reading, byUs)).toEqual([])
  })

  test.each(repairedImages)('$name: in large pieces it reads the same, up to a lost sector', (image) => {
    const { byUs, byKernel } = outcomeOf(image)
    const { inPages } = byKernel
    if (inPages === undefined) throw new Error('the driver does not take it for a BTT')
    const [firstLost = byUs.sectorCount] = byUs.lost
    // Of a large read, the driver gives back what is before the lost sector or nothing.
    const end = firstLost * byUs.sectorSize
    expect(inPages.length).toBeGreaterThanOrEqual(byUs.lost.length === 0 ? end : 0)
    expect(inPages.length).toBeLessThanOrEqual(end)
    expect(inPages.equals(byUs.content.subarray(0, inPages.length))).toBe(true)
  })

  test.each(repairedImages)('$name: ndctl agrees, as far as it can', (image) => {
    const { byKernel } = outcomeOf(image)
    const says = image.isParsedByNdctl === false ? CANNOT_PARSE : 'checked 1 namespace\n'
    expect(byKernel.ndctlSays).toContain(says)
  })

  test.each(repairedImages)('$name: the driver has written over it, and it is clean', async (image) => {
    const { path, byUs } = outcomeOf(image)
    expect(await verdictOf(path)).toBe('clean')
    const after = await readByUs(path)
    const content = Buffer.from(byUs.content)
    content.set(overwriting(byUs))
    expect(after.lost).toEqual(byUs.lost.filter((lba) => lba >= OVERWRITTEN_SECTORS))
    expect(differingSectors(after, { ...byUs, content })).toEqual([])
  })
})
