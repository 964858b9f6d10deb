/** How sure it is what a sector holds. */

/** In the order in which they are counted and told. */
export const CERTAINTIES = [
  /** Its map entry names a block that is nobody else's, by a layout that an info block tells. */
  'certain',
  /** The same, and something around it is damaged or inferred. */
  'likely',
  /** It has a content by a layout that neither an info block tells nor flog and map bear out. */
  'doubtful',
  /** Others have its block, too, and nothing tells whose it is. Its content is one of the blocks that are kept. */
  'duplicate',
  /** Reads as zeros. */
  'never-written',
  /** Reads as zeros. */
  'zeroed',
  /** The map says that its content was lost before. */
  'marked-lost',
  /** The medium has lost some of its block. The rest is there. */
  'unreadable',
  /** Nobody knows its block. */
  'lost',
] as const

export type Certainty = (typeof CERTAINTIES)[number]

export type CertaintyReason =
  | 'layout-inferred'
  | 'layout-by-hand'
  | 'layout-unusual'
  | 'layout-not-confirmed'
  | 'map-damaged-around'
  | 'flog-damaged'
  | 'confirmed-by-flog'
  | 'shared-with-never-written'
  | 'shared-with-sector'
  | 'shared-with-lane'
  | 'shared-with-zeroed-or-lost'
  | 'entry-out-of-range'
  | 'entry-unreadable'
  | 'entry-without-flags'
  | 'block-of-another'

/** What a sector is, and why it is no better. */
export interface Standing {
  readonly certainty: Certainty
  readonly reason?: CertaintyReason
}

/** Each is one object, so that equal ones are identical. */
export const STANDING = {
  certain: { certainty: 'certain' },
  inferred: { certainty: 'likely', reason: 'layout-inferred' },
  byHand: { certainty: 'likely', reason: 'layout-by-hand' },
  unusual: { certainty: 'likely', reason: 'layout-unusual' },
  damagedAround: { certainty: 'likely', reason: 'map-damaged-around' },
  flogDamaged: { certainty: 'likely', reason: 'flog-damaged' },
  confirmedByFlog: { certainty: 'likely', reason: 'confirmed-by-flog' },
  besideNeverWritten: { certainty: 'likely', reason: 'shared-with-never-written' },
  doubtful: { certainty: 'doubtful', reason: 'layout-not-confirmed' },
  sharedWithSector: { certainty: 'duplicate', reason: 'shared-with-sector' },
  sharedWithLane: { certainty: 'duplicate', reason: 'shared-with-lane' },
  sharedWithFlagged: { certainty: 'duplicate', reason: 'shared-with-zeroed-or-lost' },
  neverWritten: { certainty: 'never-written' },
  zeroed: { certainty: 'zeroed' },
  markedLost: { certainty: 'marked-lost' },
  unreadable: { certainty: 'unreadable' },
  outOfRange: { certainty: 'lost', reason: 'entry-out-of-range' },
  entryUnreadable: { certainty: 'lost', reason: 'entry-unreadable' },
  entryWithoutFlags: { certainty: 'lost', reason: 'entry-without-flags' },
  blockOfAnother: { certainty: 'lost', reason: 'block-of-another' },
} as const satisfies Readonly<Record<string, Standing>>

const WITH_CONTENT: ReadonlySet<Certainty> = new Set(['certain', 'likely', 'doubtful'])

/** Whether the content of a sector is handed out as its own. */
export function hasContent({ certainty }: Standing): boolean {
  return WITH_CONTENT.has(certainty)
}
