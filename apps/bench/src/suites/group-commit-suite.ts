/** What a sector costs on a disk, where a flush is what takes the time, by how many sectors come in one call. */
import type { Contestant } from '../contestants/contestant.ts'
import type { Comparison } from '../measure/comparison.ts'
import type { Workload } from '../workload/workload.ts'
import { DAX_MSYNC, FILE, type BenchContext, type OurStorage } from './bench-context.ts'
import { atMost, sectorComparison, singleSectors, type Plan, type Suite } from './suite.ts'

const SECTOR_BYTES = 4096
const GOAL_SECTORS = 32
const FOLDER = 'disk'
const CALLS = [1, 8, GOAL_SECTORS, 64]
const QUICK_CALLS = [1, GOAL_SECTORS]

const ours = (sectors: number): string => `bttkit, ${sectors} a call`

interface Way {
  readonly name: string
  readonly storage: OurStorage
  readonly peers: (context: BenchContext, workload: Workload) => Promise<Contestant[]>
}

const BY_MSYNC: Way = {
  name: 'DAX, msync',
  storage: DAX_MSYNC,
  peers: (context, workload) =>
    context.peer('libpmemblk, 1 a call', workload, 'pmemblk', {
      env: { PMEM_IS_PMEM_FORCE: '0' },
      folder: FOLDER,
    }),
}

const BY_FDATASYNC: Way = {
  name: 'file, fdatasync',
  storage: FILE,
  peers: async (context, workload) => [
    ...(await context.peer('pwrite, fdatasync, 1 a call', workload, 'file', {
      variant: 'fdatasync',
      folder: FOLDER,
    })),
    ...(await context.peer(
      `pwrite, fdatasync, ${workload.unitSectors} a call`,
      { ...workload, callSectors: workload.unitSectors },
      'file',
      { kind: 'limit', variant: 'fdatasync', folder: FOLDER },
    )),
  ],
}

async function compareCalls(
  context: BenchContext,
  { name, storage, peers }: Way,
): Promise<Comparison | undefined> {
  const calls = context.isQuick ? QUICK_CALLS : CALLS
  const workload = {
    ...singleSectors(context, 'write', SECTOR_BYTES),
    sectors: context.isQuick ? 256 : 4096,
    unitSectors: Math.max(...calls),
  }
  if (!(await context.hasStorage(storage, workload))) return undefined
  const contestants: Contestant[] = []
  for (const callSectors of calls)
    contestants.push(
      ...(await context.ours(ours(callSectors), { ...workload, callSectors }, storage, { folder: FOLDER })),
    )
  return sectorComparison({
    suite: 'group-commit',
    name: `${name}, on a disk, ${SECTOR_BYTES} bytes, random write`,
    reference: ours(1),
    contestants: [...contestants, ...(await peers(context, workload))],
    goals: [atMost(0.1, ours(GOAL_SECTORS), ours(1))],
  })
}

export const groupCommitSuite: Suite = {
  name: 'group-commit',
  description: 'writes on a disk, by the number of sectors in a call',
  weight: 14,
  plan: (context): Plan[] =>
    [BY_MSYNC, BY_FDATASYNC].map((way) => ({ name: way.name, make: () => compareCalls(context, way) })),
}
