/**
 * Recognises the label area that QEMU keeps at the end of an NVDIMM's backing file: it is no part of the namespace. UEFI, "NVDIMM
 * Label Protocol", Label Index Block.
 */

/** The bytes at a possible start of a label area that `isLabelAreaStart` wants to see. */
export const LABEL_PROBE_BYTES = 72

/** The second index block begins within so many bytes, whatever the area and its labels are. */
export const LABEL_INDEX_PROBE_BYTES = 17 * 2 ** 10

const SIGNATURE = 'NAMESPACE_INDEX\0'
/** Of an index block; its size is a multiple of it. */
const SMALLEST_INDEX_BYTES = 256
const AT = {
  /** u64, bytes: this index block, from the start of the label area. */
  myOff: 24,
  /** u64, bytes. */
  mySize: 32,
  /** u64, bytes: the other index block, from the start of the label area. */
  otherOff: 40,
} as const

const SMALLEST_BYTES = 128 * 2 ** 10
const LARGEST_BYTES = 16 * 2 ** 20

/** Where a label area may begin in storage of this size: it is a power of two times 128 KiB long. */
export function labelAreaCandidates(storageBytes: number): number[] {
  const starts: number[] = []
  for (let length = SMALLEST_BYTES; length <= LARGEST_BYTES && length < storageBytes; length *= 2)
    starts.push(storageBytes - length)
  return starts
}

/** Whether an index block begins with these bytes. */
export function hasIndexSignature(bytes: Uint8Array): boolean {
  for (let i = 0; i < SIGNATURE.length; i++) {
    if (bytes[i] !== SIGNATURE.charCodeAt(i)) return false
  }
  return true
}

/** Whether a label area begins with these bytes: its first index block says that it is at its start. */
export function isLabelAreaStart(bytes: Uint8Array): boolean {
  if (bytes.length < LABEL_PROBE_BYTES || !hasIndexSignature(bytes)) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (
    view.getBigUint64(AT.myOff, true) === 0n &&
    view.getBigUint64(AT.mySize, true) >= BigInt(SMALLEST_INDEX_BYTES)
  )
}

/**
 * Where the second index block of a label area is that begins with these bytes; `undefined` where no block says that it is that.
 *
 * @param bytes `LABEL_INDEX_PROBE_BYTES` of them, or more
 */
export function secondIndexOffset(bytes: Uint8Array): number | undefined {
  const last = Math.min(bytes.length, LABEL_INDEX_PROBE_BYTES) - LABEL_PROBE_BYTES
  for (let offset = SMALLEST_INDEX_BYTES; offset <= last; offset += SMALLEST_INDEX_BYTES) {
    const block = bytes.subarray(offset, offset + LABEL_PROBE_BYTES)
    if (!hasIndexSignature(block)) continue
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
    const [myOff, mySize, otherOff] = [AT.myOff, AT.mySize, AT.otherOff].map((at) =>
      view.getBigUint64(at, true),
    )
    if (myOff === BigInt(offset) && mySize === myOff && otherOff === 0n) return offset
  }
  return undefined
}

/** As `isLabelAreaStart`, also where the first index block is damaged and the second is not. @param bytes as of `secondIndexOffset` */
export function isLabelArea(bytes: Uint8Array): boolean {
  return isLabelAreaStart(bytes) || secondIndexOffset(bytes) !== undefined
}
