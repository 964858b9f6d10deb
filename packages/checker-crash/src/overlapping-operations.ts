/**
 * Operations that overlap, what their reads have returned, and what a sector may hold when the power fails in their midst.
 *
 * There must be one order of all operations on the sector that had ended, and of any writes that were under way,
 *
 * - in which none comes before one that had ended when it started,
 * - in which each read returned what the writes before it had made of the sector,
 * - and at whose end the sector holds what the power failure has left; zeroings of the whole sector that were under way, and after which nothing writes to it, may be left out for this.
 *
 * The last is the one exception from durable linearizability, and only zeroing by flags needs it. Such a zeroing is entered in the map and nowhere else, so a read may return zeros that a power failure takes back
 * as long as nobody was told that the zeroing is done. A write is in the flog, durably, before a read can see it, and is rolled forward; so is one of a part, with the zeros around it that it
 * found. Without readers nothing of the exception is left.
 */
import type { BlockGeometry } from '@bttkit/interfaces'
import { afterwards, partOf, type CrashOperation } from './crash-operation.ts'
import type { SeeingRead } from './crash-read.ts'

/** When an operation was under way, by a clock that counts starts and ends. */
interface Times {
  /** Infinity: it has not started. */
  readonly start: number
  /** Infinity: it has not ended. */
  readonly end: number
}

export interface OverlappingWrite extends Times {
  readonly operation: CrashOperation
}

export interface OverlappingRead extends Times {
  readonly seen: Pick<SeeingRead, 'hasSeen'>
}

export type OverlappingOperation = OverlappingWrite | OverlappingRead

type Geometry = Pick<BlockGeometry, 'sectorSize' | 'metadataSize'>

/** Whether an order explains what a sector holds: one without the exception, one with it, or none. */
export type Explanation = 'durable' | 'taken back' | 'none'

function isZeroing({ kind }: CrashOperation): boolean {
  return kind === 'zero' || kind === 'zero-bytes'
}

class Orders {
  private readonly lba: number
  private readonly left: Uint8Array
  private readonly geometry: Geometry
  private readonly mayTakeBack: boolean

  constructor(lba: number, left: Uint8Array, geometry: Geometry, mayTakeBack: boolean) {
    this.lba = lba
    this.left = left
    this.geometry = geometry
    this.mayTakeBack = mayTakeBack
  }

  /**
   * Whether the operations can be put in an order from here on.
   *
   * @param seen what the operations so far have made of the sector
   * @param kept the same without zeroings at the end that are left out
   */
  explain(seen: Uint8Array, kept: Uint8Array, operations: readonly OverlappingOperation[]): boolean {
    if (operations.every(({ end }) => end === Infinity) && Buffer.compare(kept, this.left) === 0) return true
    return operations.some((first) => {
      const others = operations.filter((one) => one !== first)
      if (first.start === Infinity || others.some(({ end }) => end < first.start)) return false
      if ('seen' in first) return first.seen.hasSeen(this.lba, seen) && this.explain(seen, kept, others)
      const after = this.apply(first, seen)
      if (this.explain(after, after, others)) return true
      return this.mayBeTakenBack(first) && this.explain(after, kept, others)
    })
  }

  private mayBeTakenBack({ operation, end }: OverlappingWrite): boolean {
    if (!this.mayTakeBack || end < Infinity) return false
    const { sectorSize } = this.geometry
    const { from, to } = partOf(operation, this.lba, sectorSize)
    return isZeroing(operation) && to - from === sectorSize
  }

  private apply({ operation }: OverlappingWrite, before: Uint8Array): Uint8Array {
    return afterwards(operation, this.lba, before, this.geometry)
  }
}

/**
 * Explains what a sector holds after a power failure, and what was read of it before.
 *
 * @param left what it holds
 * @param operations those that touch the sector
 */
export function explainSector(
  left: Uint8Array,
  before: Uint8Array,
  lba: number,
  operations: readonly OverlappingOperation[],
  geometry: Geometry,
): Explanation {
  // A read that has not ended says nothing.
  const telling = operations.filter((one) => !('seen' in one) || one.end < Infinity)
  const explains = (mayTakeBack: boolean): boolean =>
    new Orders(lba, left, geometry, mayTakeBack).explain(before, before, telling)
  if (explains(false)) return 'durable'
  return explains(true) ? 'taken back' : 'none'
}
