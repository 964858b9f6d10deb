/** Operations that overlap, and what a sector may hold when the power fails in their midst. */
import type { BlockGeometry } from '@bttkit/interfaces'
import { afterwards, sectorsOf, type CrashOperation } from './crash-operation.ts'

/** When an operation was under way, by a clock that counts starts and ends. */
export interface OverlappingOperation {
  readonly operation: CrashOperation
  /** Infinity: it has not started. */
  readonly start: number
  /** Infinity: it has not ended. */
  readonly end: number
}

type Geometry = Pick<BlockGeometry, 'sectorSize' | 'metadataSize'>

/**
 * Whether a sector may hold this: some order of all operations that had ended and of any that had started explains it, in which none comes before one that had ended when
 * it started. That is durable linearizability, of writes.
 */
export function mayHold(
  content: Uint8Array,
  before: Uint8Array,
  lba: number,
  operations: readonly OverlappingOperation[],
  geometry: Geometry,
): boolean {
  const left = operations.filter(({ operation }) => sectorsOf(operation, geometry).includes(lba))
  if (left.every(({ end }) => end === Infinity) && Buffer.compare(content, before) === 0) return true
  return left.some((first) => {
    if (first.start === Infinity) return false
    const others = left.filter((one) => one !== first)
    if (others.some(({ end }) => end < first.start)) return false
    return mayHold(content, afterwards(first.operation, lba, before, geometry), lba, others, geometry)
  })
}
