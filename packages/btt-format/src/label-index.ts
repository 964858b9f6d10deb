/** Label Index Block: UEFI, "NVDIMM Label Protocol". It says where labels are and which are in use. */
import { fletcher64 } from './fletcher64.ts'
import { hasIndexSignature, secondIndexOffset } from './label-area.ts'

const INDEX = {
  /** u8: labels are 128 bytes times two to this power. */
  labelSizePower: 19,
  /** u32: 1, 2, 3, 1, … */
  seq: 20,
  /** u64, bytes: this index block, from the start of the label area. */
  myOff: 24,
  /** u64, bytes. */
  mySize: 32,
  /** u64, bytes: the other index block, from the start of the label area. */
  otherOff: 40,
  /** u64, bytes: the first label, from the start of the label area. */
  labelOff: 48,
  /** u32: how many labels there is room for. */
  slotCount: 56,
  /** u16: of the format; there is only 1. */
  major: 60,
  /** u16: from 2 on the size of labels counts. */
  minor: 62,
  /** u64: Fletcher-64 of the index block. */
  checksum: 64,
  /** One bit a label, set where it is not in use. */
  free: 72,
} as const

const SMALLEST_LABEL_BYTES = 128
/** Sequence numbers are 1, 2, 3, and 1 again. */
const LAST_SEQ = 3
/** Two index blocks and their labels are within this much. */
const LARGEST_INDEX_BYTES = 2 ** 20

/** An index block that can be believed. */
export interface LabelIndex {
  readonly seq: number
  readonly labelBytes: number
  readonly labelOff: number
  readonly slotsInUse: readonly number[]
}

/** Whether the fields are such as a driver accepts, which takes an index block with others for none. @param index 0 or 1 */
function isPossible(view: DataView, index: number, size: number): boolean {
  const bytesAt = (at: number): bigint => view.getBigUint64(at, true)
  const seq = view.getUint32(INDEX.seq, true)
  const power = view.getUint8(INDEX.labelSizePower)
  const slots = view.getUint32(INDEX.slotCount, true)
  return (
    bytesAt(INDEX.myOff) === BigInt(index * size) &&
    bytesAt(INDEX.mySize) === BigInt(size) &&
    bytesAt(INDEX.otherOff) === BigInt((1 - index) * size) &&
    bytesAt(INDEX.labelOff) === BigInt(2 * size) &&
    seq >= 1 &&
    seq <= LAST_SEQ &&
    slots >= 1 &&
    slots <= (size - INDEX.free) * 8 &&
    view.getUint16(INDEX.major, true) === 1 &&
    power === (view.getUint16(INDEX.minor, true) >= 2 ? 1 : 0)
  )
}

function decodeIndex(area: Uint8Array, index: number, size: number): LabelIndex | undefined {
  const block = area.slice(index * size, (index + 1) * size)
  if (block.length < INDEX.free || block.length % 4 !== 0) return undefined
  const view = new DataView(block.buffer)
  if (!hasIndexSignature(block) || !isPossible(view, index, size)) return undefined
  if (view.getBigUint64(INDEX.checksum, true) !== fletcher64(block, INDEX.checksum)) return undefined
  const slotsInUse: number[] = []
  const slots = view.getUint32(INDEX.slotCount, true)
  for (let slot = 0; slot < slots; slot++)
    if (((block[INDEX.free + (slot >>> 3)] ?? 0xff) & (1 << (slot & 7))) === 0) slotsInUse.push(slot)
  return {
    seq: view.getUint32(INDEX.seq, true),
    labelBytes: SMALLEST_LABEL_BYTES * 2 ** view.getUint8(INDEX.labelSizePower),
    labelOff: Number(view.getBigUint64(INDEX.labelOff, true)),
    slotsInUse,
  }
}

/** Sequence numbers go round: 1 comes after 3. */
function isLater(one: LabelIndex, other: LabelIndex): boolean {
  return one.seq - other.seq === 1 || (one.seq === 1 && other.seq === 3)
}

/** The index blocks of a label area that can be believed; the one that counts is first. */
export function decodeLabelIndexes(area: Uint8Array): readonly LabelIndex[] {
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength)
  const told = Math.min(Number(view.getBigUint64(INDEX.mySize, true)), LARGEST_INDEX_BYTES)
  // Of a first one that is damaged the size may be, too.
  const size = secondIndexOffset(area) ?? told
  return [decodeIndex(area, 0, size), decodeIndex(area, 1, size)]
    .filter((index) => index !== undefined)
    .toSorted((one, other) => (isLater(one, other) ? -1 : 1))
}
