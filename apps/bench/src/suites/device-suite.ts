/** One sector at a time at random places: all kinds of storage, both sizes, one thread and two, one call and many side by side. */
import type { Contestant } from '../contestants/contestant.ts'
import type { Comparison, Goal } from '../measure/comparison.ts'
import type { Operation, Workload } from '../workload/workload.ts'
import { DAX_LIBPMEM, DAX_MSYNC, FILE, type BenchContext, type OurStorage } from './bench-context.ts'
import {
  OPERATIONS,
  SECTOR_SIZES,
  atLeast,
  atMost,
  sectorComparison,
  singleSectors,
  type Suite,
} from './suite.ts'

const SUITE = 'device'
const OURS = 'bttkit'
const PMEMBLK = 'libpmemblk'
const FORCED = { PMEM_IS_PMEM_FORCE: '1' }
const NOT_FORCED = { PMEM_IS_PMEM_FORCE: '0' }
const DEPTH = 16
const SLEEPING_FLUSH: OurStorage = {
  name: 'a sleeping flush',
  image: (path) => ({ scheme: 'sleeping-flush', parameters: { flushDelayMs: 1 }, inner: path }),
}

/** By operation and bytes of a sector. */
const PMEMBLK_GOALS: Readonly<Record<string, Goal>> = {
  'write 4096': atMost(0.85, OURS, PMEMBLK),
  'read 4096': atMost(0.9, OURS, PMEMBLK),
  'write 512': atMost(0.95, OURS, PMEMBLK),
  'read 512': atMost(0.8, OURS, PMEMBLK),
}

type Make = (context: BenchContext, workload: Workload) => Promise<Comparison | undefined>

const title = (storage: string, { operation, sectorBytes }: Workload): string =>
  `${storage}, ${sectorBytes} bytes, random ${operation}`

/** What a write takes at least with libpmem: reads have nothing to persist. */
async function persistLimits(context: BenchContext, workload: Workload): Promise<Contestant[]> {
  const limit = { kind: 'limit', env: FORCED } as const
  if (workload.operation === 'read') return []
  return [
    ...(await context.peer('persist data', workload, 'persist', { ...limit, variant: 'once' })),
    ...(await context.peer('persist data, flog, flog, map', workload, 'persist', {
      ...limit,
      variant: 'four-times',
    })),
  ]
}

const overDax: Make = async (context, workload) => {
  if (!(await context.hasStorage(DAX_LIBPMEM, workload))) return undefined
  const goal = PMEMBLK_GOALS[`${workload.operation} ${workload.sectorBytes}`]
  return sectorComparison({
    suite: SUITE,
    name: title('DAX, libpmem', workload),
    reference: PMEMBLK,
    contestants: [
      ...(await context.ours(OURS, workload, DAX_LIBPMEM)),
      ...(await context.peer(PMEMBLK, workload, 'pmemblk', { env: FORCED })),
      ...(await context.peer('memcpy', workload, 'memory', { kind: 'limit' })),
      ...(await persistLimits(context, workload)),
    ],
    goals: goal === undefined ? [] : [goal],
  })
}

const overMsync: Make = async (context, workload) => {
  if (!(await context.hasStorage(DAX_MSYNC, workload))) return undefined
  return sectorComparison({
    suite: SUITE,
    name: title('DAX, msync', workload),
    reference: PMEMBLK,
    contestants: [
      ...(await context.ours(OURS, workload, DAX_MSYNC)),
      ...(await context.peer(PMEMBLK, workload, 'pmemblk', { env: NOT_FORCED })),
      ...(await context.peer('memcpy', workload, 'memory', { kind: 'limit' })),
    ],
  })
}

const overMemory: Make = async (context, workload) =>
  sectorComparison({
    suite: SUITE,
    name: title('memory', workload),
    reference: 'memcpy',
    contestants: [
      ...(await context.ours(OURS, workload, undefined)),
      ...(await context.peer('memcpy', workload, 'memory', { kind: 'limit' })),
    ],
  })

const overFile: Make = async (context, workload) => {
  const peer = workload.operation === 'write' ? 'pwrite, fdatasync' : 'pread'
  const sideBySide = { ...workload, depth: DEPTH }
  return sectorComparison({
    suite: SUITE,
    name: title('file in memory', workload),
    reference: peer,
    unitStep: DEPTH,
    contestants: [
      ...(await context.ours(OURS, workload, FILE)),
      ...(await context.ours(`${OURS}, promises`, workload, FILE, { isAsync: true })),
      ...(await context.ours(`${OURS}, ${DEPTH} promises`, sideBySide, FILE, { isAsync: true })),
      ...(await context.peer(peer, workload, 'file', { variant: 'fdatasync' })),
    ],
  })
}

const overSleepingFlush: Make = async (context, workload) => {
  const reference = `${OURS}, one at a time`
  const sideBySide = { ...workload, depth: DEPTH }
  return sectorComparison({
    suite: SUITE,
    name: title('flush sleeps 1 ms', workload),
    reference,
    ratio: 'throughput',
    unitStep: DEPTH,
    contestants: [
      ...(await context.ours(reference, workload, SLEEPING_FLUSH, { isAsync: true })),
      ...(await context.ours(`${OURS}, ${DEPTH} side by side`, sideBySide, SLEEPING_FLUSH, {
        isAsync: true,
      })),
    ],
  })
}

const byTwoThreads =
  (storage: OurStorage | undefined): Make =>
  async (context, workload) => {
    if (storage !== undefined && !(await context.hasStorage(storage, workload))) return undefined
    const two = { ...workload, threads: 2 }
    const goal = workload.operation === 'write' && workload.sectorBytes === 4096
    const peers = storage === undefined ? [] : [workload, two]
    const contestants = [
      ...(await context.ours('1 worker', workload, storage, { isJoinable: true })),
      ...(await context.ours('2 workers', two, storage)),
      ...(await context.ours('1 thread alone', workload, storage)),
    ]
    for (const shape of peers)
      contestants.push(
        ...(await context.peer(`${PMEMBLK}, ${shape.threads}`, shape, 'pmemblk', { env: FORCED })),
      )
    return sectorComparison({
      suite: SUITE,
      name: title(storage === undefined ? 'threads, memory' : 'threads, DAX', workload),
      reference: '1 worker',
      ratio: 'throughput',
      unitStep: 2,
      contestants,
      goals: goal ? [atLeast(1.6, '2 workers', '1 worker')] : [],
    })
  }

interface Setting {
  readonly name: string
  readonly make: Make
  readonly operations: readonly Operation[]
}

const SETTINGS: readonly Setting[] = [
  { name: 'DAX, libpmem', make: overDax, operations: OPERATIONS },
  { name: 'DAX, msync', make: overMsync, operations: OPERATIONS },
  { name: 'memory', make: overMemory, operations: OPERATIONS },
  { name: 'file in memory', make: overFile, operations: OPERATIONS },
  // Reads do not flush.
  { name: 'sleeping flush', make: overSleepingFlush, operations: ['write'] },
  { name: 'threads, DAX', make: byTwoThreads(DAX_LIBPMEM), operations: OPERATIONS },
  { name: 'threads, memory', make: byTwoThreads(undefined), operations: OPERATIONS },
]

export const deviceSuite: Suite = {
  name: SUITE,
  description: 'one sector at a time, over every kind of storage',
  weight: 45,
  plan: (context) =>
    SETTINGS.flatMap(({ name, make, operations }) =>
      operations.flatMap((operation) =>
        SECTOR_SIZES.map((sectorBytes) => ({
          name: `${name}, ${operation} ${sectorBytes}`,
          make: () => make(context, singleSectors(context, operation, sectorBytes)),
        })),
      ),
    ),
}
