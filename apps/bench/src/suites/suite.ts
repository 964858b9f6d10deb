import type { Comparison, Goal } from '../measure/comparison.ts'
import type { Operation, Workload } from '../workload/workload.ts'
import type { BenchContext } from './bench-context.ts'

/** A comparison that is yet to be prepared. Nothing comes of it where what it is about is not to be had here. */
export interface Plan {
  readonly name: string
  readonly make: () => Promise<Comparison | undefined>
}

/** A group of comparisons that one can ask for. */
export interface Suite {
  readonly name: string
  /** For the help. */
  readonly description: string
  /** Its part of the time, beside those of the others. */
  readonly weight: number
  plan(context: BenchContext): readonly Plan[]
}

export const OPERATIONS: readonly Operation[] = ['write', 'read']
export const SECTOR_SIZES: readonly number[] = [4096, 512]

/** One sector after the other, by one thread. */
export function singleSectors(
  { isQuick }: Pick<BenchContext, 'isQuick'>,
  operation: Operation,
  sectorBytes: number,
): Workload {
  const bytes = (isQuick ? 2 : 64) * 2 ** 20
  // Small sectors are slower by the byte.
  const sectors = sectorBytes < 4096 ? bytes / sectorBytes / 2 : bytes / sectorBytes
  return { operation, sectorBytes, sectors, unitSectors: 1, callSectors: 1, threads: 1, depth: 1 }
}

/** What most comparisons have in common: nanoseconds a sector, and no goal. */
export function sectorComparison(
  parts: Pick<Comparison, 'suite' | 'name' | 'contestants' | 'reference'> &
    Partial<Pick<Comparison, 'ratio' | 'unitStep' | 'mostUnits' | 'goals'>>,
): Comparison {
  return { unit: 'ns', per: 'a sector', ratio: 'time', unitStep: 1, goals: [], ...parts }
}

/** Contestant `contestant` is to have at most this ratio to `to`. */
export function atMost(limit: number, contestant: string, to: string): Goal {
  return { contestant, to, is: 'at most', limit }
}

/** Contestant `contestant` is to have at least this ratio to `to`. */
export function atLeast(limit: number, contestant: string, to: string): Goal {
  return { contestant, to, is: 'at least', limit }
}
