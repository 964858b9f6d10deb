/** Images that were damaged in many ways, and what a repair of them is to end in. */
import {
  applyRepair,
  planRepair,
  type DuplicatePolicy,
  type RepairOptions,
  type RepairPlan,
} from '@bttkit/checker-image'
import { kernelImages } from '@bttkit/fixtures'
import { runAsync } from '@bttkit/sleepable'
import { createStack } from '@bttkit/stack'
import { Damage } from './damage.test-support.ts'
import { create, randomWorkload } from './our-images.test-support.ts'
import { readByUs, type Reading } from './our-reading.test-support.ts'

/** What a repair cannot save: sectors that are lost, and sectors that read as another one. */
export interface Loss {
  readonly lost?: readonly number[]
  readonly copies?: ReadonlyMap<number, number>
}

export interface DamagedImage extends Loss {
  /** What its sectors held before that; absent where only others know. */
  readonly before?: Reading
}

export interface RepairedImage {
  readonly name: string
  /** Whether we made it, and so know what it held. */
  readonly isOurs: boolean
  readonly options?: RepairOptions
  /** Default true. */
  readonly isParsedByNdctl?: boolean
  /** Makes the damaged image. */
  readonly make: (path: string) => Promise<DamagedImage>
}

const NOTHING_LOST: Loss = {}

/** An image of ours in which something is broken. */
function ours(
  externalLbasize: number,
  damageIt: (damage: Damage) => Loss,
): Pick<RepairedImage, 'isOurs' | 'make'> {
  const make = async (path: string): Promise<DamagedImage> => {
    await create(path, { externalLbasize })
    await randomWorkload(path, externalLbasize, { operations: 2000 })
    const before = await readByUs(path)
    const damage = new Damage(path)
    const loss = damageIt(damage)
    damage.store()
    return { before, ...loss }
  }
  return { isOurs: true, make }
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

export const repairedImages: RepairedImage[] = [
  {
    name: '4224, primary info block zeroed',
    ...ours(4224, (damage) => {
      damage.zeroPrimary()
      return NOTHING_LOST
    }),
  },
  {
    name: '520, backup info block zeroed',
    isParsedByNdctl: false,
    ...ours(520, (damage) => {
      damage.zeroBackup()
      return NOTHING_LOST
    }),
  },
  {
    name: '512, info blocks rebuilt from flog and map',
    options: { rebuild: true },
    ...ours(512, (damage) => {
      damage.zeroPrimary()
      damage.zeroBackup()
      return NOTHING_LOST
    }),
  },
  {
    name: '4104, lanes of the flog reset',
    isParsedByNdctl: false,
    ...ours(4104, (damage) => {
      for (const lane of [0, 3, 255]) damage.equateSequence(lane)
      for (const lane of [1, 100]) damage.zeroLane(lane)
      return NOTHING_LOST
    }),
  },
  ...[512, 4096].map((externalLbasize) => ({
    name: `${externalLbasize}, a page of the map in pieces`,
    ...ours(externalLbasize, (damage) => ({
      lost: Array.from({ length: damage.breakMapPage() }, (_, lba) => lba),
    })),
  })),
  ...POLICIES.map((duplicates) => ({
    name: `4096, a block of three sectors, '${duplicates}'`,
    options: { duplicates },
    ...ours(4096, (damage) => {
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
    ...ours(4096, (damage) => {
      const [lba = 0] = damage.withoutWitness(1)
      damage.takeFree(lba, 7)
      return { lost: [lba] }
    }),
  },
  ...kernelImages()
    .filter(({ kind }) => kind === 'corrupt')
    .map((image) => ({
      name: `the driver's own, ${image.name}`,
      isOurs: false,
      options: TOLD[image.name] ?? {},
      make: async (path: string) => {
        image.writeTo(path)
        return {}
      },
    })),
]

/** Repairs an image, and says what was done. */
export async function repair(path: string, options: RepairOptions): Promise<RepairPlan> {
  const provider = await createStack().openProvider(path, { readOnly: false })
  const plan = await runAsync(planRepair(provider, options))
  await runAsync(applyRepair(provider, plan))
  await provider.close()
  return plan
}

/** What sectors hold that were in order before, and of which a repair could not save some. */
export function withLoss(before: Reading, { lost = [], copies = new Map() }: Loss): Reading {
  const content = Buffer.from(before.content)
  const at = (lba: number): Buffer => content.subarray(lba * before.sectorSize, (lba + 1) * before.sectorSize)
  for (const [lba, of] of copies) at(lba).set(at(of))
  for (const lba of lost) at(lba).fill(0)
  return { ...before, content, lost }
}
