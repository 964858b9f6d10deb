/** How long it takes to attach a large image, and how much memory. */
import type { AttachProbe } from '../attach-probe.ts'
import { AttachProcess } from '../contestants/attach-process.ts'
import type { Comparison, Goal } from '../measure/comparison.ts'
import { UnitBuffer } from '../workload/unit-buffer.ts'
import type { BenchContext } from './bench-context.ts'
import { singleSectors, type Suite } from './suite.ts'

const GIB = 2 ** 30
const SECTOR_BYTES = 4096
const SAMPLES = 64
const ATTACH = 'attach'

interface Measure {
  readonly name: string
  readonly per: string
  readonly unit: Comparison['unit']
  readonly valueOf: (probe: AttachProbe) => number
  readonly limit: number
}

const MEASURES: readonly Measure[] = [
  { name: 'time', per: 'an attach', unit: 'ns', valueOf: ({ attachNs }) => attachNs, limit: 1e9 },
  {
    name: 'memory',
    per: 'a process, at most',
    unit: 'MiB',
    valueOf: ({ maxResidentBytes }) => maxResidentBytes / 2 ** 20,
    limit: 200,
  },
]

/** An image on the disk with a few sectors all over it. */
class LargeImage {
  readonly path: string
  readonly sizeBytes: number
  samples: readonly number[] = []
  private readonly context: BenchContext
  private made: Promise<void> | undefined

  constructor(context: BenchContext) {
    this.context = context
    this.path = context.freshPath('disk')
    this.sizeBytes = (context.isQuick ? 4 : 512) * GIB
  }

  make(): Promise<void> {
    this.made ??= this.create()
    return this.made
  }

  private async create(): Promise<void> {
    const { stack, sequence } = this.context
    await stack.createImage(this.path, { sizeBytes: this.sizeBytes, externalLbasize: SECTOR_BYTES })
    const device = await stack.openImage(this.path)
    const buffer = new UnitBuffer(singleSectors(this.context, 'write', SECTOR_BYTES))
    const { sectorCount } = device
    const chosen = [...sequence.subarray(0, SAMPLES)].map((random) => random % sectorCount)
    this.samples = [...new Set([0, sectorCount - 1, ...chosen])]
    for (const lba of this.samples) {
      buffer.stamp(lba, 0)
      for (const call of buffer.calls) await device.write(lba, call)
    }
    await device.close()
  }
}

async function compareAttaches(
  image: LargeImage,
  { name, per, unit, valueOf, limit }: Measure,
): Promise<Comparison> {
  await image.make()
  const common = { path: image.path, sectorBytes: SECTOR_BYTES, samples: image.samples, valueOf }
  const contestants = [
    new AttachProcess({ ...common, name: ATTACH, kind: 'ours', mode: 'rw' }),
    new AttachProcess({ ...common, name: `${ATTACH}, read-only`, kind: 'ours', mode: 'ro' }),
  ]
  // What a process has that attaches nothing is memory only.
  if (unit === 'MiB')
    contestants.push(new AttachProcess({ ...common, name: 'no image', kind: 'limit', mode: 'nothing' }))
  const goal: Goal = { contestant: ATTACH, to: undefined, is: 'at most', limit }
  return {
    suite: 'attach',
    name: `${name} to attach a sparse image of ${image.sizeBytes / GIB} GiB`,
    unit,
    per,
    contestants,
    reference: unit === 'MiB' ? 'no image' : undefined,
    ratio: 'time',
    goals: [goal],
    unitStep: 1,
    mostUnits: 1,
  }
}

export const attachSuite: Suite = {
  name: 'attach',
  description: 'a large image: how long, and how much memory',
  weight: 10,
  plan: (context) => {
    const image = new LargeImage(context)
    return MEASURES.map((measure) => ({
      name: measure.name,
      make: () => compareAttaches(image, measure),
    }))
  },
}
