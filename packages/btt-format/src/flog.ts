/**
 * The flog: one group of 64 bytes a lane, from which attach tells each lane's free block and whether its last write still has to
 * be entered in the map.
 *
 * A group is four slots of 16 bytes, of which a device uses two: slots 0 and 1, or 0 and 2 where a Linux before 4.15 made it. The
 * two are written in turn. A slot is written as two halves, first (lba, old), then (new, seq); as the sequence number is in the second half,
 * a slot that was only half written still counts as the older one. UEFI, BTT Flog.
 */

export const FLOG_GROUP_BYTES = 64
export const FLOG_SLOT_BYTES = 16
export const FLOG_SLOTS = 4

/** Byte of each half in a slot, and of each u32 field. */
export const FLOG_HALF_BYTES = 8
const AT = { lba: 0, oldMap: 4, newMap: 8, seq: 12 } as const

/** One slot. `oldMap` and `newMap` may carry map flags (PMDK's do); compare them without. */
export interface FlogEntry {
  /** The external LBA that was written, counted in its arena. */
  readonly lba: number
  /** The block that it had before; the lane's free block now. */
  readonly oldMap: number
  /** The block that it was written to. */
  readonly newMap: number
  /** 1, 2, 3, 1, …; 0 in a slot that was never written. */
  readonly seq: number
}

export function decodeFlogEntry(view: DataView, offset: number): FlogEntry {
  return {
    lba: view.getUint32(offset + AT.lba, true),
    oldMap: view.getUint32(offset + AT.oldMap, true),
    newMap: view.getUint32(offset + AT.newMap, true),
    seq: view.getUint32(offset + AT.seq, true),
  }
}

export function encodeFlogEntry(view: DataView, offset: number, entry: FlogEntry): void {
  encodeFlogHalves(view, offset, entry.lba, entry.oldMap, entry.newMap, entry.seq)
}

/** As `encodeFlogEntry`, without an object a call. */
export function encodeFlogHalves(
  view: DataView,
  offset: number,
  lba: number,
  oldMap: number,
  newMap: number,
  seq: number,
): void {
  view.setUint32(offset + AT.lba, lba, true)
  view.setUint32(offset + AT.oldMap, oldMap, true)
  view.setUint32(offset + AT.newMap, newMap, true)
  view.setUint32(offset + AT.seq, seq, true)
}

/** The sequence number after `seq`. */
export function nextSeq(seq: number): number {
  return seq === 3 ? 1 : seq + 1
}

/**
 * Which of two sequence numbers belongs to the newer slot: 0 for the first, 1 for the second, `undefined` where no writer could have
 * left them so.
 *
 * Strict where Linux and PMDK are not (each takes some pairs that the other refuses): 0 only beside 1, else a number and its successor.
 */
export function newerOf(first: number, second: number): 0 | 1 | undefined {
  if (first === 0) return second === 1 ? 1 : undefined
  if (second === 0) return first === 1 ? 0 : undefined
  if (first > 3 || second > 3) return undefined
  if (nextSeq(first) === second) return 1
  if (nextSeq(second) === first) return 0
  return undefined
}
