/**
 * The labels of a label area: what namespaces there are on an NVDIMM. UEFI, "NVDIMM Label Protocol", Label Index Block and Label Definitions.
 *
 * There are two index blocks, written in turn; the one with the later sequence number counts. So one of them may be torn.
 */
import { fletcher64 } from './fletcher64.ts'
import { isLabelAreaStart } from './label-area.ts'
import { decodeUuid } from './uuid.ts'

const INDEX = {
  /** u8: labels are 128 bytes times two to this power. */
  labelSizePower: 19,
  /** u32: 1, 2, 3, 1, … */
  seq: 20,
  /** u64, bytes: this index block, from the start of the label area. */
  myOff: 24,
  /** u64, bytes. */
  mySize: 32,
  /** u64, bytes: the first label, from the start of the label area. */
  labelOff: 48,
  /** u32: how many labels there is room for. */
  slotCount: 56,
  /** u64: Fletcher-64 of the index block. */
  checksum: 64,
  /** One bit a label, set where it is not in use. */
  free: 72,
} as const

const LABEL = {
  /** 16 bytes: of the namespace. */
  uuid: 0,
  /** u64: Fletcher-64 of the label; labels of 128 bytes have none. */
  checksum: 248,
} as const

const SMALL_LABEL_BYTES = 128
const CHECKED_LABEL_BYTES = 256
/** Two index blocks and their labels are within this much. */
const LARGEST_INDEX_BYTES = 2 ** 20

/** An index block that can be believed. */
interface LabelIndex {
  readonly seq: number
  readonly labelBytes: number
  readonly labelOff: number
  readonly slotsInUse: readonly number[]
}

/** What a label area says. */
export interface NamespaceLabels {
  /** Of the two index blocks, how many can be believed. */
  readonly soundIndexes: number
  /** Of the namespaces, each once. */
  readonly uuids: readonly string[]
  /** Bytes, from the start of the label area, of labels in use that are torn. */
  readonly tornLabels: readonly number[]
}

function decodeIndex(area: Uint8Array, offset: number, size: number): LabelIndex | undefined {
  const block = area.slice(offset, offset + size)
  if (block.length < INDEX.free || block.length % 4 !== 0) return undefined
  const view = new DataView(block.buffer)
  if (view.getBigUint64(INDEX.myOff, true) !== BigInt(offset)) return undefined
  if (view.getBigUint64(INDEX.checksum, true) !== fletcher64(block, INDEX.checksum)) return undefined
  const slotsInUse: number[] = []
  const slots = Math.min(view.getUint32(INDEX.slotCount, true), (block.length - INDEX.free) * 8)
  for (let slot = 0; slot < slots; slot++)
    if (((block[INDEX.free + (slot >>> 3)] ?? 0xff) & (1 << (slot & 7))) === 0) slotsInUse.push(slot)
  return {
    seq: view.getUint32(INDEX.seq, true),
    labelBytes: SMALL_LABEL_BYTES * 2 ** Math.min(view.getUint8(INDEX.labelSizePower), 8),
    labelOff: Number(view.getBigUint64(INDEX.labelOff, true)),
    slotsInUse,
  }
}

/** Sequence numbers go round: 1 comes after 3. */
function isLater(one: LabelIndex, other: LabelIndex): boolean {
  return one.seq - other.seq === 1 || (one.seq === 1 && other.seq === 3)
}

/** Reads a whole label area; `undefined` where none begins with these bytes. */
export function decodeNamespaceLabels(area: Uint8Array): NamespaceLabels | undefined {
  if (!isLabelAreaStart(area)) return undefined
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength)
  const size = Math.min(Number(view.getBigUint64(INDEX.mySize, true)), LARGEST_INDEX_BYTES)
  const indexes = [decodeIndex(area, 0, size), decodeIndex(area, size, size)].filter(
    (index) => index !== undefined,
  )
  const [index] = indexes.toSorted((one, other) => (isLater(one, other) ? -1 : 1))
  return {
    soundIndexes: indexes.length,
    ...(index ? readLabels(area, index) : { uuids: [], tornLabels: [] }),
  }
}

function readLabels(area: Uint8Array, index: LabelIndex): Omit<NamespaceLabels, 'soundIndexes'> {
  const { labelOff, labelBytes, slotsInUse } = index
  const uuids = new Set<string>()
  const tornLabels: number[] = []
  for (const slot of slotsInUse) {
    const at = labelOff + slot * labelBytes
    const label = area.slice(at, at + labelBytes)
    if (label.length < labelBytes) continue
    if (isTorn(label)) tornLabels.push(at)
    else uuids.add(decodeUuid(label, LABEL.uuid))
  }
  return { uuids: [...uuids], tornLabels }
}

function isTorn(label: Uint8Array): boolean {
  if (label.length !== CHECKED_LABEL_BYTES) return false
  const stored = new DataView(label.buffer).getBigUint64(LABEL.checksum, true)
  return stored !== fletcher64(label, LABEL.checksum)
}
