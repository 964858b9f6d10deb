/** Keeps what a check reads, as far as a page shows it. Memory: a megabyte at most, but for two numbers an arena. */
import type {
  Arena,
  ImageObserver,
  ObservedFlog,
  ObservedPlace,
  ObservedSurroundings,
  SectorsObserver,
} from '@bttkit/checker-image'
import { FLOG_GROUP_BYTES } from '@bttkit/btt-format'
import { MapGrid } from './map-grid.ts'
import { MOST_ARENAS, MOST_CELLS, MOST_CELLS_OF_MAP } from './page-limits.ts'

/** Groups of one flog that are kept; with more lanes only the first are known. */
const MOST_GROUPS = 1024

/** Of maps that nobody shows. */
const UNSEEN: SectorsObserver = { runSectors: Infinity, add: () => undefined }

/** A range of the storage in which an arena is. */
export interface ArenaRange {
  readonly index: number
  readonly offset: number
  /** To the end of its backup info block; absent where it cannot be read. */
  readonly arena: Arena | undefined
}

export class PageObserver implements ImageObserver {
  around: ObservedSurroundings = { storageBytes: 0, endOffset: 0, hasPoolHeader: false }
  /** Of the first arenas. */
  readonly places: ObservedPlace[] = []
  readonly arenas: ArenaRange[] = []
  readonly flogs = new Map<number, ObservedFlog>()
  readonly grids = new Map<number, MapGrid>()

  surroundings(around: ObservedSurroundings): void {
    this.around = around
  }

  place(place: ObservedPlace): void {
    const { index, offset, arena } = place
    this.arenas.push({ index, offset, arena })
    if (this.places.length < MOST_ARENAS) this.places.push(place)
  }

  flog({ index }: Arena, { groups, lostLanes, slots }: ObservedFlog): void {
    if (!this.isShown(index)) return
    const bytes = Math.min(groups.byteLength, MOST_GROUPS * FLOG_GROUP_BYTES)
    const kept = new DataView(groups.buffer.slice(groups.byteOffset, groups.byteOffset + bytes))
    this.flogs.set(index, { groups: kept, lostLanes, slots })
  }

  sectors({ index, info }: Arena): SectorsObserver {
    if (!this.isShown(index)) return UNSEEN
    const shown = this.places.length
    const grid = new MapGrid(info.externalNlba, Math.min(MOST_CELLS_OF_MAP, Math.floor(MOST_CELLS / shown)))
    this.grids.set(index, grid)
    return grid
  }

  private isShown(index: number): boolean {
    return this.places.some((place) => place.index === index)
  }
}
