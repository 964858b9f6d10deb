import { FLOG_GROUP_BYTES, FLOG_SLOT_BYTES, FLOG_SLOTS } from './flog.ts'

/** The two slots of a group that a device uses, and whether any group told. */
export interface FlogSlots {
  readonly first: 0
  readonly second: 1 | 2
}

export const CURRENT_SLOTS: FlogSlots = { first: 0, second: 1 }
export const OLD_SLOTS: FlogSlots = { first: 0, second: 2 }

const NONE: ReadonlySet<number> = new Set()

/** One bit for each slot of a group that is not all zeros. @param groupOffset byte of the view */
export function usedSlots(view: DataView, groupOffset: number): number {
  let used = 0
  for (let slot = 0; slot < FLOG_SLOTS; slot++) {
    const at = groupOffset + slot * FLOG_SLOT_BYTES
    if (view.getBigUint64(at, true) !== 0n || view.getBigUint64(at + 8, true) !== 0n) used |= 1 << slot
  }
  return used
}

/**
 * Finds out, group by group, which slots a flog uses. A fresh group (only slot 0) tells nothing; the first that tells decides for the
 * device, and all the others must agree. If none tells it is the current layout.
 */
export class FlogSlotDetector {
  private found: FlogSlots | undefined
  private conflict: number | undefined
  private group = 0

  /**
   * Looks at the groups in `view`, which follow those of the calls before.
   *
   * @param lost groups, by their number, of which nobody knows what was in them; they tell nothing
   */
  examine(view: DataView, lost: ReadonlySet<number> = NONE): void {
    for (let at = 0; at + FLOG_GROUP_BYTES <= view.byteLength; at += FLOG_GROUP_BYTES, this.group++) {
      if (lost.has(this.group)) continue
      const used = usedSlots(view, at)
      if (used === 0b0001) continue
      const slots = used === 0b0011 ? CURRENT_SLOTS : used === 0b0101 ? OLD_SLOTS : undefined
      if (slots !== undefined) this.found ??= slots
      if (slots === undefined || slots !== this.found) this.conflict ??= this.group
    }
  }

  get slots(): FlogSlots {
    return this.found ?? CURRENT_SLOTS
  }

  /** The first group that fits no layout, or not the one of the groups before it. */
  get conflictingGroup(): number | undefined {
    return this.conflict
  }
}
