/**
 * Beginning the flogs of lanes anew, so that a power cut at any store leaves each of them either as it was, or refused by everybody, or begun anew:
 *
 * 1. The first slot gets a sequence number that no writer makes. From then on no attach for writing takes the arena, whatever the rest of the group says.
 * 2. Everything else of the group.
 * 3. The half slot with the new block and the right sequence number: 8 bytes, which are stored whole or not at all.
 */
import {
  FLOG_GROUP_BYTES,
  FLOG_HALF_BYTES,
  FLOG_SLOT_BYTES,
  encodeFlogEntry,
  hasErrorFlag,
  stripFlags,
} from '@bttkit/btt-format'
import { UNIT_BYTES } from './planned-changes.ts'
import type { FlogGroups } from './flog-groups.ts'
import type { RepairDraft } from './repair-draft.ts'

/** Linux adds both numbers up and takes no sum above 5; this one does not wrap around there. */
const REFUSED_SEQ = 0x7fff_ffff

/** A lane that is to begin anew. */
export interface LaneReset {
  readonly lane: number
  /** Its free block from then on; with the error flag where its medium is known to be bad. */
  readonly block: number
  /** Whether the medium has lost its group. */
  readonly isLost: boolean
}

/** A group with one entry, as creation makes it. */
function freshGroup({ lane, block }: LaneReset, seq: number): Uint8Array {
  const group = new Uint8Array(FLOG_GROUP_BYTES)
  const oldMap = hasErrorFlag(block) ? block : stripFlags(block)
  encodeFlogEntry(new DataView(group.buffer), 0, { lba: lane, oldMap, newMap: stripFlags(block), seq })
  return group
}

/** The units of the medium in which groups are lost: they become readable again when they are stored as a whole. */
function lostUnits(groups: FlogGroups, resets: readonly LaneReset[]): Map<number, Uint8Array> {
  const units = new Map<number, Uint8Array>()
  for (const reset of resets) {
    if (!reset.isLost) continue
    const offset = groups.offsetOf(reset.lane)
    const start = Math.floor(offset / UNIT_BYTES) * UNIT_BYTES
    const bytes = units.get(start) ?? new Uint8Array(UNIT_BYTES)
    bytes.set(freshGroup(reset, REFUSED_SEQ), offset - start)
    units.set(start, bytes)
  }
  return units
}

/** Step 1. Keeps the rest of the first slot: it may tell whose a block is. */
export function refuseLanes(draft: RepairDraft, groups: FlogGroups, resets: readonly LaneReset[]): void {
  for (const [offset, bytes] of lostUnits(groups, resets)) draft.store(offset, bytes)
  for (const { lane, isLost } of resets) {
    if (isLost) continue
    const [{ newMap }] = groups.slots(lane)
    const half = new DataView(new ArrayBuffer(FLOG_HALF_BYTES))
    half.setUint32(0, newMap, true)
    half.setUint32(4, REFUSED_SEQ, true)
    draft.store(groups.offsetOf(lane) + FLOG_HALF_BYTES, new Uint8Array(half.buffer))
  }
}

/** Steps 2 and 3. */
export function restartLanes(draft: RepairDraft, groups: FlogGroups, resets: readonly LaneReset[]): void {
  for (const reset of resets) {
    const [offset, group] = [groups.offsetOf(reset.lane), freshGroup(reset, 1)]
    draft.store(offset, group.subarray(0, FLOG_HALF_BYTES))
    draft.store(offset + FLOG_SLOT_BYTES, group.subarray(FLOG_SLOT_BYTES))
  }
  draft.endStage()
  for (const reset of resets)
    draft.store(
      groups.offsetOf(reset.lane) + FLOG_HALF_BYTES,
      freshGroup(reset, 1).subarray(FLOG_HALF_BYTES, FLOG_SLOT_BYTES),
    )
  draft.endStage()
}
