/** Writing a part of a sector: its old content is read, and the new bytes are laid over it. */
import type { Sleepable } from '@bttkit/interfaces'
import type { Arena } from './arena.ts'
import type { LaneSection } from './lane-section.ts'
import { LookUp } from './look-up.ts'
import { confirmLoss } from './lost-sector.ts'

/**
 * Reads the sector of which a part is to be written into the lane's buffer and leaves its block in the read tracking, so that it is still this content
 * when the entry is found unchanged. Returns the entry.
 */
export function* loadOldSector(section: LaneSection, arena: Arena, premap: number): Sleepable<number> {
  const { attachment, lane } = section
  const sector = attachment.buffers.sector(lane)
  const lookUp = new LookUp()
  for (let reads = 1; ; reads++) {
    let wait
    if (arena.mapCache !== undefined) yield* lookUp.inCachedMap(section, arena, premap)
    else if (attachment.looksUpUnderLock) yield* lookUp.underLock(section, arena, premap)
    else while ((wait = lookUp.goOn(section, arena, premap)) !== undefined) yield wait
    const entry = arena.loadedEntry(lane, premap)
    try {
      if (lookUp.block === undefined) sector.fill(0)
      else if ((wait = arena.readBlock(lane, lookUp.block, 0, sector, 0, sector.length)) !== undefined)
        yield section.waitFor(wait)
      return entry
    } catch (error) {
      yield* confirmLoss(section, arena, premap, reads, error)
    }
  }
}

/** Lays the new bytes of a partial sector, zeros where there is no source, over the old sector in the lane's buffer. */
export function overlay(
  sector: Uint8Array,
  within: number,
  count: number,
  source: Uint8Array | undefined,
  start: number,
): void {
  if (source === undefined) sector.fill(0, within, within + count)
  else sector.set(source.subarray(start, start + count), within)
}
