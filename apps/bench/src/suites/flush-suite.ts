/** Many writers of a sector each where a flush sleeps, beside the same with one lane for all of them. */
import type { Comparison } from '../measure/comparison.ts'
import type { BenchContext, OurStorage } from './bench-context.ts'
import { atLeast, sectorComparison, singleSectors, type Suite } from './suite.ts'

const WRITERS = 64
const SECTOR_BYTES = 4096
const ONE_LANE = 'one lane at a time'
const LANES = '256 lanes'
const DELAY_MS = 2

const SLEEPING_FLUSH: OurStorage = {
  name: 'a sleeping flush',
  image: (path) => ({ scheme: 'sleeping-flush', parameters: { flushDelayMs: DELAY_MS }, inner: path }),
}

async function compareLanes(context: BenchContext): Promise<Comparison> {
  const workload = { ...singleSectors(context, 'write', SECTOR_BYTES), sectors: 512, depth: WRITERS }
  return sectorComparison({
    suite: 'flush',
    name: `flush sleeps ${DELAY_MS} ms, ${WRITERS} writers of a sector of ${SECTOR_BYTES} bytes each`,
    reference: ONE_LANE,
    ratio: 'throughput',
    unitStep: WRITERS,
    contestants: [
      ...(await context.ours(LANES, workload, SLEEPING_FLUSH, { isAsync: true })),
      ...(await context.ours(ONE_LANE, workload, SLEEPING_FLUSH, { isAsync: true, laneCount: 1 })),
    ],
    goals: [atLeast(20, LANES, ONE_LANE)],
  })
}

export const flushSuite: Suite = {
  name: 'flush',
  description: `a flush that sleeps ${DELAY_MS} ms, and ${WRITERS} writers`,
  weight: 4,
  plan: (context) => [{ name: `${WRITERS} writers`, make: () => compareLanes(context) }],
}
