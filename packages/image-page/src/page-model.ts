/**
 * All that a page shows. Plain values; strings are as they come from the image or the command line, and escaped only where the page is written. Every list is
 * bounded, whatever the image: see `page-limits.ts`.
 */
import type { FindingSeverity } from '@bttkit/interfaces'
import type { SectorCounts, Verdict } from '@bttkit/checker-image'

/** A place on the page: the id of an element. */
export type Anchor = string

/** Words that lead to a place; words alone where the page does not show it. */
export interface PlaceLink {
  readonly text: string
  readonly anchor?: Anchor
}

export interface ListedFinding {
  /** From 1 on; on the page it is `finding-1`. */
  readonly number: number
  readonly message: string
  readonly places: readonly PlaceLink[]
}

/** All findings of a code. */
export interface FindingGroup {
  readonly code: string
  readonly severity: FindingSeverity
  /** Listed or not. */
  readonly count: number
  readonly repair: string | undefined
  readonly listed: readonly ListedFinding[]
}

/** A line to be typed, and what it is good for. */
export interface NextStep {
  readonly why: string
  readonly command: string
}

export interface VerdictModel {
  readonly verdict: Verdict
  readonly sentence: string
  readonly advice: string
  readonly steps: readonly NextStep[]
}

export interface RepairModel {
  readonly isDryRun: boolean
  readonly before: Verdict
  readonly after: Verdict
  readonly done: readonly string[]
  /** Of the things done, those that are not named. */
  readonly moreDone: number
  readonly withheld: readonly string[]
  readonly moreWithheld: number
}

/** Something there is to say of the image. */
export interface Fact {
  readonly name: string
  readonly value: string
}

export type PartKind = 'pool' | 'arena' | 'labels' | 'info' | 'data' | 'map' | 'flog' | 'backup' | 'unused'

/** A range of bytes in a bar. */
export interface LayoutPart {
  readonly kind: PartKind
  readonly name: string
  readonly anchor: Anchor
  /** Byte of the storage. */
  readonly offset: number
  readonly bytes: number
  /** Of the whole bar, in percent. */
  readonly start: number
  readonly width: number
  /** Whether it is drawn wider than it is, to be seen at all. */
  readonly isWidened: boolean
  readonly findings: FindingMarks
}

/** The findings at a place. */
export interface FindingMarks {
  readonly count: number
  readonly isDamaged: boolean
  /** The numbers of those that the page lists. */
  readonly listed: readonly number[]
}

/** Some sectors one behind the other. */
export interface MapCell {
  readonly anchor: Anchor
  /** Of the device. */
  readonly firstLba: number
  readonly lastLba: number
  readonly sectors: SectorCounts
  /** Of these, those whose map entry is wrong. */
  readonly wrong: number
  readonly findings: FindingMarks
}

export interface MapModel {
  readonly anchor: Anchor
  readonly sectorsPerCell: number
  readonly cells: readonly MapCell[]
  readonly sectors: SectorCounts
}

export type LaneState = 'unused' | 'wrote' | 'in flight' | 'damaged' | 'lost'

/** One of the two entries that a lane keeps. */
export interface FlogEntryModel {
  readonly slot: number
  readonly seq: number
  /** Of the device, or as stored where the arena has no such sector. */
  readonly lba: number
  readonly oldBlock: number
  readonly newBlock: number
}

export interface LaneModel {
  readonly anchor: Anchor
  readonly lane: number
  readonly state: LaneState
  /** The block it has free; absent where nobody knows. */
  readonly freeBlock: number | undefined
  /** The newer one, or that in slot 0 where the sequence numbers do not tell. */
  readonly newer: FlogEntryModel | undefined
  readonly older: FlogEntryModel | undefined
  readonly findings: FindingMarks
}

export interface FlogModel {
  readonly anchor: Anchor
  /** Lanes that want a look: in flight, or with findings that are not notes. */
  readonly notable: readonly LaneModel[]
  readonly others: readonly LaneModel[]
  readonly laneCount: number
  readonly slots: readonly [first: number, second: number]
}

export interface InfoField {
  readonly name: string
  readonly meaning: string
  /** Absent where the copy cannot be read. */
  readonly primary: string | undefined
  readonly backup: string | undefined
  readonly isDifferent: boolean
  readonly anchor: Anchor
  readonly findings: FindingMarks
}

export interface InfoModel {
  readonly anchor: Anchor
  /** Which of the two counts; absent where neither can. */
  readonly source: 'primary' | 'backup' | undefined
  /** Why a copy cannot be used; none where it can. */
  readonly primaryFlaws: readonly string[]
  readonly backupFlaws: readonly string[]
  readonly fields: readonly InfoField[]
}

export interface ArenaModel {
  readonly index: number
  readonly anchor: Anchor
  readonly offset: number
  /** Absent where the arena cannot be read. */
  readonly layout: readonly LayoutPart[] | undefined
  readonly map: MapModel | undefined
  readonly flog: FlogModel | undefined
  readonly info: InfoModel
}

export interface PageModel {
  readonly image: string
  /** When the image was looked at. */
  readonly madeAt: Date
  readonly verdict: VerdictModel
  readonly repair: RepairModel | undefined
  readonly facts: readonly Fact[]
  /** What else the command knows. */
  readonly storageFacts: readonly Fact[]
  readonly sectors: SectorCounts
  readonly groups: readonly FindingGroup[]
  readonly findingCount: number
  readonly listedCount: number
  readonly storage: readonly LayoutPart[]
  readonly arenas: readonly ArenaModel[]
  /** Arenas that the page does not show one by one. */
  readonly moreArenas: number
}
