/** Many writers of a sector each where a flush sleeps, beside the same with one lane for all of them. */
import type { Comparison, Goal } from '../measure/comparison.ts'
import { DAX_LIBPMEM, FILE, type BenchContext, type OurStorage } from './bench-context.ts'
import { atLeast, sectorComparison, singleSectors, type Suite } from './suite.ts'

const WRITERS = 64
const SECTOR_BYTES = 4096
const ONE_LANE = 'one lane at a time'
const LANES = '256 lanes'
const DELAY_MS = 2

const sleeping = (
  what: string,
  { image, env = {}, name }: OurStorage,
): OurStorage & { readonly what: string } => ({
  what,
  name: `a flush that sleeps over ${name}`,
  image: (path) => ({ scheme: 'sleeping-flush', parameters: { flushDelayMs: DELAY_MS }, inner: image(path) }),
  env,
})

/** What virtio-pmem is: stores go to memory that the guest has mapped, and only a flush asks the host. */
const OVER_DAX = sleeping('DAX', DAX_LIBPMEM)

/** Where every call besides goes through the thread pool. */
const OVER_FILE = sleeping('a file', FILE)

async function compareLanes(
  context: BenchContext,
  storage: typeof OVER_DAX,
  goals: readonly Goal[],
): Promise<Comparison | undefined> {
  const workload = { ...singleSectors(context, 'write', SECTOR_BYTES), depth: WRITERS }
  if (!(await context.hasStorage(storage, workload))) return undefined
  return sectorComparison({
    suite: 'flush',
    name: `flush sleeps ${DELAY_MS} ms over ${storage.what}, ${WRITERS} writers of a sector of ${SECTOR_BYTES} bytes each`,
    reference: ONE_LANE,
    ratio: 'throughput',
    unitStep: WRITERS,
    contestants: [
      ...(await context.ours(LANES, workload, storage, { isAsync: true })),
      ...(await context.ours(ONE_LANE, workload, storage, { isAsync: true, laneCount: 1 })),
    ],
    goals,
  })
}

export const flushSuite: Suite = {
  name: 'flush',
  description: `a flush that sleeps ${DELAY_MS} ms, and ${WRITERS} writers`,
  weight: 6,
  plan: (context) => [
    {
      name: `${WRITERS} writers over ${OVER_DAX.what}`,
      make: () => compareLanes(context, OVER_DAX, [atLeast(20, LANES, ONE_LANE)]),
    },
    { name: `${WRITERS} writers over ${OVER_FILE.what}`, make: () => compareLanes(context, OVER_FILE, []) },
  ],
}
