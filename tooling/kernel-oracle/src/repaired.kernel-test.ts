/** Images that were damaged and that we repaired, before the Linux driver. After it has read them it writes into them, and we check them again. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  applyRepair,
  planRepair,
  type DuplicatePolicy,
  type RepairOptions,
  type RepairPlan,
} from '@bttkit/checker-image'
import { kernelImages, kernelPattern } from '@bttkit/fixtures'
import { runAsync } from '@bttkit/sleepable'
import { createStack } from '@bttkit/stack'
import { Damage } from './damage.test-support.ts'
import { verdictOf } from './image-state.test-support.ts'
import { readByKernel, type KernelImageReading } from './kernel-reading.test-support.ts'
import { create, randomWorkload } from './our-images.test-support.ts'
import { differingSectors, readByUs, type Reading } from './our-reading.test-support.ts'
import { Scratch } from './scratch.test-support.ts'

/** What a repair cannot save: sectors that are lost, and sectors that read as another one. */
interface Loss {
  readonly lost?: readonly number[]
  readonly copies?: ReadonlyMap<number, number>
}

interface RepairedImage {
  readonly name: string
  readonly options?: RepairOptions
  /** Default true. */
  readonly isParsedByNdctl?: boolean
  /** Makes the damaged image. Returns what its sectors held before that, if it is known, and what a repair cannot save. */
  readonly make: (path: string) => Promise<Loss & { readonly before?: Reading }>
}

/** An image of ours in which something is broken. */
function ours(
  externalLbasize: number,
  damageIt: (damage: Damage) => Loss | undefined,
): RepairedImage['make'] {
  return async (path) => {
    await create(path, { externalLbasize })
    await randomWorkload(path, externalLbasize, { operations: 2000 })
    const before = await readByUs(path)
    const damage = new Damage(path)
    const loss = damageIt(damage)
    damage.store()
    return { before, ...loss }
  }
}

const isLost = (policy: DuplicatePolicy, sharers: readonly number[]): readonly number[] =>
  ({ first: sharers.slice(1), error: sharers, 'both-readable': [] })[policy]

const POLICIES = ['first', 'error', 'both-readable'] as const
/** Of the altered images of the kernel, what they need to be told. */
const TOLD: Readonly<Record<string, RepairOptions>> = {
  'bad-info-both-zero': { rebuild: true },
  'bad-map-dup': { duplicates: 'both-readable' },
  'bad-pad-old-02': { rewriteLog: true },
}

const images: RepairedImage[] = [
  { name: '4224, primary info block zeroed', make: ours(4224, (damage) => void damage.zeroPrimary()) },
  {
    name: '520, backup info block zeroed',
    isParsedByNdctl: false,
    make: ours(520, (damage) => void damage.zeroBackup()),
  },
  {
    name: '512, info blocks rebuilt from flog and map',
    options: { rebuild: true },
    make: ours(512, (damage) => {
      damage.zeroPrimary()
      damage.zeroBackup()
      return undefined
    }),
  },
  {
    name: '4104, lanes of the flog reset',
    isParsedByNdctl: false,
    make: ours(4104, (damage) => {
      for (const lane of [0, 3, 255]) damage.equateSequence(lane)
      for (const lane of [1, 100]) damage.zeroLane(lane)
      return undefined
    }),
  },
  ...[512, 4096].map((externalLbasize) => ({
    name: `${externalLbasize}, a page of the map in pieces`,
    make: ours(externalLbasize, (damage) => ({
      lost: Array.from({ length: damage.breakMapPage() }, (_, lba) => lba),
    })),
  })),
  ...POLICIES.map((duplicates) => ({
    name: `4096, a block of three sectors, '${duplicates}'`,
    options: { duplicates },
    make: ours(4096, (damage) => {
      const [first = 0, second = 0, third = 0] = damage.withoutWitness(3)
      damage.share(first, third)
      damage.share(second, third)
      const copies = duplicates === 'error' ? [] : [[first, third] as const, [second, third] as const]
      return { lost: isLost(duplicates, [first, second, third]), copies: new Map(copies) }
    }),
  })),
  {
    name: "4096, a sector in a lane's free block, 'error'",
    options: { duplicates: 'error' },
    make: ours(4096, (damage) => {
      const [lba = 0] = damage.withoutWitness(1)
      damage.takeFree(lba, 7)
      return { lost: [lba] }
    }),
  },
  ...kernelImages()
    .filter(({ kind }) => kind === 'corrupt')
    .map((image) => ({
      name: `the driver's own, ${image.name}`,
      options: TOLD[image.name] ?? {},
      make: async (path: string) => {
        image.writeTo(path)
        return {}
      },
    })),
]

interface Outcome {
  readonly path: string
  readonly plan: RepairPlan
  readonly made: Loss & { readonly before?: Reading }
  readonly byUs: Reading
  readonly byKernel: KernelImageReading
}

async function repair(path: string, options: RepairOptions): Promise<RepairPlan> {
  const provider = await createStack().openProvider(path, { readOnly: false })
  const plan = await runAsync(planRepair(provider, options))
  await runAsync(applyRepair(provider, plan))
  await provider.close()
  return plan
}

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

/** What sectors hold that were in order before, and of which a repair could not save some. */
function withLoss(before: Reading, { lost = [], copies = new Map() }: Loss): Reading {
  const content = Buffer.from(before.content)
  const at = (lba: number): Buffer => content.subarray(lba * before.sectorSize, (lba + 1) * before.sectorSize)
  for (const [lba, of] of copies) at(lba).set(at(of))
  for (const lba of lost) at(lba).fill(0)
  return { ...before, content, lost }
}

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
    const made: Omit<Outcome, 'byKernel'>[] = []
    for (const [i, image] of images.entries()) {
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
    for (const [i, image] of images.entries()) {
      const [outcome, byKernel] = [made[i], readings[i]]
      if (outcome !== undefined && byKernel !== undefined) outcomes.set(image, { ...outcome, byKernel })
    }
  })

  afterAll(() => scratch[Symbol.dispose]())

  test.each(images)('$name: something was put right, and it is clean', (image) => {
    const { plan } = outcomeOf(image)
    expect(plan.steps).not.toEqual([])
    expect(plan).toMatchObject({ withheld: [], after: 'clean' })
  })

  test.each(images)('$name: reads as before the damage, but for what cannot be saved', (image) => {
    const { made, byUs } = outcomeOf(image)
    if (made.before === undefined) return
    const expected = withLoss(made.before, made)
    expect(byUs.lost).toEqual(expected.lost)
    expect(differingSectors(byUs, expected)).toEqual([])
  })

  test.each(images)('$name: attaches, has our size, and every sector reads as we say', (image) => {
    const { byUs, byKernel } = outcomeOf(image)
    if (byKernel.reading === undefined) throw new Error('the driver does not take it for a BTT')
    expect({ ...byKernel.reading, content: 0 }).toEqual({ ...byUs, content: 0 })
    expect(differingSectors(byKernel.reading, byUs)).toEqual([])
  })

  test.each(images)('$name: in large pieces it reads the same, up to a lost sector', (image) => {
    const { byUs, byKernel } = outcomeOf(image)
    const { inPages } = byKernel
    if (inPages === undefined) throw new Error('the driver does not take it for a BTT')
    const [firstLost = byUs.sectorCount] = byUs.lost
    expect(inPages.length).toBeLessThanOrEqual(firstLost * byUs.sectorSize)
    if (byUs.lost.length === 0) expect(inPages.length).toBe(byUs.content.length)
    expect(inPages.equals(byUs.content.subarray(0, inPages.length))).toBe(true)
  })

  test.each(images)('$name: ndctl agrees, as far as it can', (image) => {
    const { byKernel } = outcomeOf(image)
    if (image.isParsedByNdctl === false) {
      expect(byKernel.ndctlSays).toContain('Problem parsing arena[0] metadata')
      return
    }
    expect(byKernel).toMatchObject({
      ndctlStatus: 0,
      ndctlSays: expect.stringContaining('checked 1 namespace\n'),
    })
  })

  test.each(images)('$name: the driver has written over it, and it is clean', async (image) => {
    const { path, byUs } = outcomeOf(image)
    expect(await verdictOf(path)).toBe('clean')
    const after = await readByUs(path)
    const content = Buffer.from(byUs.content)
    content.set(overwriting(byUs))
    expect(after.lost).toEqual(byUs.lost.filter((lba) => lba >= OVERWRITTEN_SECTORS))
    expect(differingSectors(after, { ...byUs, content })).toEqual([])
  })
})
