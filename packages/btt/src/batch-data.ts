/**
 * The first stage of a batch: the new content of its sectors goes to the free blocks of their lanes, and becomes durable.
 *
 * Blocks that lie one behind the other are stored as one piece where their sectors do so in the request, too.
 */
import type { Sleepable } from '@bttkit/interfaces'
import type { Arena } from './arena.ts'
import type { BatchSector } from './batch-sector.ts'
import type { LaneSection } from './lane-section.ts'
import { LineRanges } from './line-ranges.ts'
import { loadOldSector, overlay } from './partial-sector.ts'
import type { DataPiece } from './storage.ts'
import type { WriteRequest } from './write-range.ts'

/** Bytes to write that are not all zeros. */
export type SourcedRequest = WriteRequest & { readonly source: Uint8Array }

/** Loads the old content of a partial sector, and lays the new bytes over it in the lane's buffer. */
function* preparePart(
  section: LaneSection,
  arena: Arena,
  request: SourcedRequest,
  sector: BatchSector,
): Sleepable<void> {
  const { sectorSize, buffers } = section.attachment
  const { lane, premap, start, count } = sector
  const before = section.lane
  section.workIn(lane)
  sector.expected = yield* loadOldSector(section, arena, premap)
  section.workIn(before)
  overlay(buffers.sector(lane), (request.offset + start) % sectorSize, count, request.source, start)
}

class Pieces {
  readonly list: DataPiece[] = []
  private readonly section: LaneSection
  private readonly request: SourcedRequest

  constructor(section: LaneSection, request: SourcedRequest) {
    this.section = section
    this.request = request
  }

  /** The content of a sector; that of a partial one is in the lane's buffer, with its old metadata. */
  addSector(arena: Arena, { lane, start, count }: BatchSector): void {
    const { sectorSize, metadataSize, noMetadata, buffers } = this.section.attachment
    const { source, metadata } = this.request
    const offset = arena.freeBlockOffset(lane)
    if (count < sectorSize) {
      const sector = buffers.sector(lane)
      this.add('data', offset, sector, 0, sector.length)
      return
    }
    this.add('data', offset, source, start, sectorSize)
    if (metadataSize === 0) return
    const metadataStart = metadata === undefined ? 0 : (start / sectorSize) * metadataSize
    this.add('metadata', offset + sectorSize, metadata ?? noMetadata, metadataStart, metadataSize)
  }

  private add(
    stage: DataPiece['stage'],
    offset: number,
    source: Uint8Array,
    start: number,
    length: number,
  ): void {
    const last = this.list.at(-1)
    if (
      last !== undefined &&
      last.source === source &&
      last.offset + last.length === offset &&
      last.start + last.length === start
    )
      last.length += length
    else this.list.push({ stage, offset, source, start, length })
  }
}

/**
 * Stores what is not stored yet: all sectors at first, later those whose old content somebody has changed. Partial sectors are in the read tracking under their
 * lanes afterwards.
 */
export function* storeBatchData(
  section: LaneSection,
  arena: Arena,
  request: SourcedRequest,
  batch: readonly BatchSector[],
): Sleepable<void> {
  const { storage, sectorSize } = section.attachment
  const pieces = new Pieces(section, request)
  for (const sector of batch) {
    if (sector.isStored) continue
    if (sector.count < sectorSize) yield* preparePart(section, arena, request, sector)
    pieces.addSector(arena, sector)
  }
  const { list } = pieces
  const [first] = list
  if (first !== undefined && list.length === 1 && storage.writesThrough) {
    const wait = storage.writeThrough(first.offset, first.source, first.start, first.length, 'data')
    if (wait !== undefined) yield section.waitFor(wait)
  } else {
    if (storage.writesMany) {
      const wait = storage.writeMany(list, 'data')
      if (wait !== undefined) yield section.waitFor(wait)
    } else
      for (const { stage, offset, source, start, length } of list) {
        const wait = storage.write(offset, source, start, length, stage)
        if (wait !== undefined) yield section.waitFor(wait)
      }
    const ranges = new LineRanges()
    for (const { offset, length } of list) ranges.add(offset, length)
    const wait = storage.persistMany(ranges.list, 'data')
    if (wait !== undefined) yield section.waitFor(wait)
  }
  for (const sector of batch) sector.isStored = true
}
