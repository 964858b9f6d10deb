/** The offline check of a large image: of its map and flog, whatever is in the sectors. */
import { ImageCheck, MapReading, type CheckedImage } from '../contestants/image-check.ts'
import type { Comparison } from '../measure/comparison.ts'
import { UnitBuffer } from '../workload/unit-buffer.ts'
import type { BenchContext } from './bench-context.ts'
import { singleSectors, type Suite } from './suite.ts'

const GIB = 2 ** 30
const SECTOR_BYTES = 4096
/** How many sectors are written, all over the image. In between its map is a hole. */
const WRITTEN = [0, 2 ** 14] as const
/** Ten million entries a second. */
const MOST_NS = 100

async function makeImage(context: BenchContext, sizeBytes: number, writes: number): Promise<CheckedImage> {
  const { stack, sequence } = context
  const path = context.freshPath()
  await stack.createImage(path, { sizeBytes, externalLbasize: SECTOR_BYTES })
  const device = await stack.openImage(path, { blocking: true })
  const buffer = new UnitBuffer(singleSectors(context, 'write', SECTOR_BYTES))
  const { sectorCount } = device
  const [arena] = device.info.arenas
  const lbas = new Set([...sequence.subarray(0, writes)].map((random) => random % sectorCount))
  for (const lba of lbas) {
    buffer.stamp(lba, 0)
    for (const call of buffer.calls) device.blocking.write(lba, call)
  }
  device.blocking.close()
  const mapOffset = (arena?.offset ?? 0) + (arena?.mapoff ?? 0)
  return { path, entries: sectorCount, mapOffset, written: lbas.size }
}

async function compareChecks(context: BenchContext, writes: number): Promise<Comparison> {
  const sizeBytes = (context.isQuick ? 1 : 64) * GIB
  const image = await makeImage(context, sizeBytes, writes)
  const check = new ImageCheck(context.stack, image)
  const reading = new MapReading(image)
  return {
    suite: 'check',
    name: `check of a sparse image of ${sizeBytes / GIB} GiB with ${image.written} written sectors`,
    unit: 'ns',
    per: 'a map entry',
    contestants: [check, reading],
    reference: reading.name,
    ratio: 'time',
    goals: [{ contestant: check.name, to: undefined, is: 'at most', limit: MOST_NS }],
    unitStep: 1,
    mostUnits: 1,
  }
}

export const checkSuite: Suite = {
  name: 'check',
  description: 'the offline check of a large image',
  weight: 6,
  plan: (context) =>
    WRITTEN.map((writes) => ({
      name: `${writes} written sectors`,
      make: () => compareChecks(context, writes),
    })),
}
