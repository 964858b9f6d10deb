/**
 * Recognises the label area that QEMU keeps at the end of an NVDIMM's backing file: it is no part of the namespace. UEFI, "NVDIMM
 * Label Protocol", Label Index Block.
 */

/** The bytes at a possible start of a label area that `isLabelAreaStart` wants to see. */
export const LABEL_PROBE_BYTES = 72

const SIGNATURE = 'NAMESPACE_INDEX\0'
const AT = {
  /** u64, bytes: this index block, from the start of the label area. */
  myOff: 24,
  /** u64, bytes. */
  mySize: 32,
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

/** Whether a label area begins with these bytes: its first index block says that it is at its start. */
export function isLabelAreaStart(bytes: Uint8Array): boolean {
  if (bytes.length < LABEL_PROBE_BYTES) return false
  for (let i = 0; i < SIGNATURE.length; i++) {
    if (bytes[i] !== SIGNATURE.charCodeAt(i)) return false
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getBigUint64(AT.myOff, true) === 0n && view.getBigUint64(AT.mySize, true) >= 256n
}
