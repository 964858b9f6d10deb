/**
 * What a check reads of an image, told to whoever wants to show it: so a picture takes no second pass. An observer changes nothing of what is found, and must not
 * throw.
 */
import type { FlogSlots } from '@bttkit/btt-format'
import type { Arena } from './check-run.ts'
import type { InfoCopy } from './info-copy.ts'

/** The bytes around the BTT. */
export interface ObservedSurroundings {
  readonly storageBytes: number
  /** Byte of the storage where the label area begins, or where the storage ends. */
  readonly endOffset: number
  /** Whether the header of a libpmemblk pool is in front. */
  readonly hasPoolHeader: boolean
}

/** A place where an arena is, or has to be. */
export interface ObservedPlace {
  readonly index: number
  /** Byte of the storage. */
  readonly offset: number
  readonly primary: InfoCopy
  readonly backup: InfoCopy
  /** Which of the two speaks for the arena; absent where neither can. */
  readonly source?: 'primary' | 'backup'
  /** Absent where it cannot be read. */
  readonly arena?: Arena
}

export interface ObservedFlog {
  /** All groups as stored, zeros in place of what is lost. The observer's to keep. */
  readonly groups: DataView
  /** Lanes whose group cannot be read. */
  readonly lostLanes: ReadonlySet<number>
  /** That most groups use. */
  readonly slots: FlogSlots
}

/** A run of sectors, and how many of them are in each state; interrupted writes count as complete. */
export interface ObservedSectors {
  /** Counted in the arena. */
  readonly first: number
  readonly initial: number
  readonly error: number
  readonly zero: number
  readonly normal: number
  /** Their entries cannot be read. */
  readonly unknown: number
  /** Of the others, those whose entry cannot be true, or names a block that a sector before has. */
  readonly wrong: number
}

/** Told of the sectors of an arena, in runs from one end to the other. */
export interface SectorsObserver {
  /** No run crosses a multiple of so many sectors. A run costs about as much as ten sectors. */
  readonly runSectors: number
  add(sectors: ObservedSectors): void
}

export interface ImageObserver {
  surroundings(around: ObservedSurroundings): void
  /** In their order, before anything of an arena. */
  place(place: ObservedPlace): void
  flog(arena: Arena, flog: ObservedFlog): void
  /** Asked before the map of an arena is read. */
  sectors(arena: Arena): SectorsObserver
}
