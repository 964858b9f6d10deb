import type { Arena } from './arena.ts'
import type { Attachment } from './attachment.ts'
import type { LaneSection } from './lane-section.ts'

/** The entry of a whole sector may have any value when it is replaced. */
export const ANY_ENTRY = -1

/** One sector of a batch, and the lane that writes it. */
export class BatchSector {
  readonly lane: number
  /** The free block of that lane, which it writes. */
  readonly block: number
  /** LBA of the arena. */
  readonly premap: number
  /** Where its bytes begin in the request, and how many they are; fewer than a sector at either end of a request. */
  readonly start: number
  readonly count: number
  /** The entry by which the old content of a partial sector was found. */
  expected = ANY_ENTRY
  /** Whether its new content is in the lane's free block, durably. */
  isStored = false
  /** The block that it gives up. */
  old = 0
  /** Whether the medium of that one is known to be bad. */
  isBad = false

  constructor(lane: number, block: number, premap: number, start: number, count: number) {
    this.lane = lane
    this.block = block
    this.premap = premap
    this.start = start
    this.count = count
  }
}

/** The most sectors that share the flushes. More would save little, and keep others waiting for lanes and map locks. */
export const MOST_SECTORS = 32

/**
 * Where a request of so many bytes starts to look for a lane: behind the one before it. One of several sectors begins with a group of as many lanes as it may use, so that those beside
 * each other use different lanes; a power of two, so that groups of different sizes meet at few places. So requests that write the same sectors together again find their blocks as they
 * left them, one behind the other.
 */
export function takeLaneHint(attachment: Pick<Attachment, 'laneHint' | 'sectorSize'>, bytes: number): number {
  const sectors = Math.min(MOST_SECTORS, Math.ceil(bytes / attachment.sectorSize))
  if (sectors <= 1) return attachment.laneHint++
  const group = 2 ** (32 - Math.clz32(sectors - 1))
  const hint = Math.ceil(attachment.laneHint / group) * group
  attachment.laneHint = hint + group
  return hint
}

/** From the first sector, which the section's own lane writes, on. */
export type Batch = readonly [BatchSector, ...BatchSector[]]

/** The sector `premap` of the arena, of which the request writes `count` bytes, its own from `done` on; and what follows. */
export interface BatchStart {
  readonly premap: number
  readonly done: number
  readonly count: number
}

/**
 * Takes lanes for the bytes of a request up to `end`, beside the one that the section has, as many as are idle and of use, and gives each a sector. One whose free block is known to be bad gets none:
 * clearing the block takes waiting, and perhaps another lane. No batch where there would be one sector only.
 */
export function gatherBatch(
  section: LaneSection,
  arena: Arena,
  end: number,
  { premap, done, count }: BatchStart,
): Batch | undefined {
  const { lanes, sectorSize } = section.attachment
  if (!lanes.isExclusive || lanes.atomicWhileHeld || lanes.isWaitedFor?.() === true) return undefined
  const most = Math.min(MOST_SECTORS, arena.sectorCount - premap)
  let { lane } = section
  const make = (at: number, index: number, bytes: number): BatchSector =>
    new BatchSector(lane, arena.flog.freeBlock(lane), premap + index, at, bytes)
  const batch: [BatchSector, ...BatchSector[]] = [make(done, 0, count)]
  let next = done + count
  for (let left = lanes.laneCount - 1; left > 0 && next < end && batch.length < most; left--) {
    const another = section.tryTakeBeside(lane + 1)
    if (another === undefined) break
    lane = another
    if (arena.isFreeBlockBad(lane)) continue
    batch.push(make(next, batch.length, Math.min(sectorSize, end - next)))
    next += sectorSize
  }
  if (batch.length > 1) return batch
  section.leaveBeside()
  return undefined
}
