/**
 * What can be wrong with an image, and what a repair would do about it. The codes are stable: programs depend on them. docs/checking.md tells the cause
 * of each.
 */
import type { FindingSeverity } from '@bttkit/interfaces'

/** What a repair can do. The sentences are for people. */
export const REPAIRS = {
  'primary-from-backup': 'write the primary info block anew, from its backup',
  'backup-from-primary': 'write the backup info block anew, from the primary',
  'rebuild-info': 'rebuild both info blocks, by the layout that fits flog and map',
  'set-version': 'set the version that belongs to the position',
  'set-parent-uuid': 'set the parent UUID of the namespace or pool around the BTT, or none',
  'set-nextoff': 'join the arena to those before it',
  'clear-reserved': 'fill the reserved bytes with zeros',
  'clear-flags': 'clear the flags that nobody knows, when asked to',
  'clear-error-flag': 'clear the error flag, when nothing else is wrong any more',
  'set-pool-block-size': 'set the block size of the pool to that of the BTT',
  'reset-lane': 'give the lane a block that nobody has, and begin its flog anew',
  'clear-older-slot': 'clear the older slot of the lane, but for its sequence number',
  'clear-padding': 'fill the unused slots of the lane with zeros',
  'rewrite-flog': 'rewrite the flog for slots 0 and 1, when asked to',
  'complete-write': 'enter the write in the map, as attaching does',
  'mark-sector-lost': 'give the sector a block that nobody has, and mark its content as lost',
  'settle-duplicate':
    'let one sector keep the block where it is known whose it is, or as asked to, and mark the others as lost',
  'assign-block': 'give the block to a sector or lane that lacks one',
} as const

export type RepairAction = keyof typeof REPAIRS

/** What all findings of a code have in common. */
export interface FindingKind {
  readonly severity: FindingSeverity
  /** Absent where there is nothing to do, or nothing that can be done. */
  readonly repair?: RepairAction
}

const info = (repair?: RepairAction): FindingKind => ({ severity: 'info', ...(repair && { repair }) })
const damaged = (repair?: RepairAction): FindingKind => ({ severity: 'damaged', ...(repair && { repair }) })
const unreadable = (repair?: RepairAction): FindingKind => ({
  severity: 'unreadable',
  ...(repair && { repair }),
})

const KINDS = {
  // The BTT as a whole, and what is around it.
  'no-btt': unreadable('rebuild-info'),
  'ambiguous-btt': unreadable(),
  'stale-info': info(),
  'pool-unwritten': info(),
  'pool-header': damaged(),
  'pool-block-size': damaged('set-pool-block-size'),
  'label-area': damaged(),
  'label-torn': info(),
  'parent-uuid': damaged('set-parent-uuid'),
  'medium-bad': info(),
  'rule-failed': damaged(),

  // The info blocks of an arena.
  'primary-info-bad': damaged('primary-from-backup'),
  'backup-info-bad': damaged('backup-from-primary'),
  'info-copies-differ': damaged('backup-from-primary'),
  'info-version': damaged('set-version'),
  'info-flags': damaged('clear-flags'),
  'info-error-flag': damaged('clear-error-flag'),
  'info-layout': damaged('rebuild-info'),
  'info-reserved': damaged('clear-reserved'),
  'info-nextoff': info(),
  'arena-position': damaged(),
  'arena-lost': damaged('rebuild-info'),
  'arena-foreign': damaged('rebuild-info'),
  'arena-unreachable': damaged('set-nextoff'),
  'arena-lanes': damaged(),

  // The flog.
  'flog-lost': damaged('reset-lane'),
  'flog-slots': damaged('reset-lane'),
  'flog-padding': damaged('clear-padding'),
  'flog-old-slots': info('rewrite-flog'),
  'flog-sequence': damaged('reset-lane'),
  'flog-range': damaged('reset-lane'),
  'flog-older-range': damaged('clear-older-slot'),
  'flog-not-initial': damaged('reset-lane'),
  'flog-free-twice': damaged('reset-lane'),
  'flog-half-written': info(),
  'flog-map-flags': info(),
  'flog-free-error': info(),
  'write-interrupted': info('complete-write'),

  // The map, and who has which block.
  'map-lost': damaged('mark-sector-lost'),
  'map-range': damaged('mark-sector-lost'),
  'map-state': damaged('mark-sector-lost'),
  'map-duplicate': damaged('settle-duplicate'),
  'map-free': damaged('reset-lane'),
  'map-tail': info(),
  'block-lost': damaged('assign-block'),
  'sector-lost': info(),
  'zero-entries': info(),
} as const satisfies Record<string, FindingKind>

export type FindingCode = keyof typeof KINDS

/** Each code that `checkImage` itself gives, and what its findings have in common. */
export const FINDING_KINDS: Readonly<Record<FindingCode, FindingKind>> = KINDS
