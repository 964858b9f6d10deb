/** Runs of sectors in one call, beside as many calls. */
import type { Comparison } from '../measure/comparison.ts'
import { DAX_LIBPMEM, type BenchContext } from './bench-context.ts'
import {
  OPERATIONS,
  SECTOR_SIZES,
  atMost,
  sectorComparison,
  singleSectors,
  type Plan,
  type Suite,
} from './suite.ts'

const RUN = 32
const PMEMBLK = `libpmemblk, ${RUN} calls`
const OURS = 'bttkit, 1 call'
const FORCED = { PMEM_IS_PMEM_FORCE: '1' }

type Shape = Pick<ReturnType<typeof singleSectors>, 'operation' | 'sectorBytes'>

async function compareRuns(
  context: BenchContext,
  { operation, sectorBytes }: Shape,
): Promise<Comparison | undefined> {
  const calls = { ...singleSectors(context, operation, sectorBytes), unitSectors: RUN }
  const call = { ...calls, callSectors: RUN }
  if (!(await context.hasStorage(DAX_LIBPMEM, calls))) return undefined
  const limit = operation === 'write' ? 'persist data, 1 call' : 'memcpy, 1 call'
  return sectorComparison({
    suite: 'vector',
    name: `DAX, libpmem, runs of ${RUN} sectors of ${sectorBytes} bytes, random ${operation}`,
    reference: PMEMBLK,
    contestants: [
      ...(await context.ours(OURS, call, DAX_LIBPMEM)),
      ...(await context.ours(`bttkit, ${RUN} calls`, calls, DAX_LIBPMEM)),
      ...(await context.peer(PMEMBLK, calls, 'pmemblk', { env: FORCED })),
      ...(await context.peer(limit, call, 'persist', { kind: 'limit', env: FORCED, variant: 'once' })),
    ],
    goals: operation === 'write' && sectorBytes === 4096 ? [atMost(0.5, OURS, PMEMBLK)] : [],
  })
}

export const vectorSuite: Suite = {
  name: 'vector',
  description: `${RUN} sectors in one call, and in ${RUN}`,
  weight: 10,
  plan: (context): Plan[] =>
    OPERATIONS.flatMap((operation) =>
      SECTOR_SIZES.map((sectorBytes) => ({
        name: `${operation} ${sectorBytes}`,
        make: () => compareRuns(context, { operation, sectorBytes }),
      })),
    ),
}
