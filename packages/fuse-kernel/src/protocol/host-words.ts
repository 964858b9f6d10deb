/**
 * Words of the FUSE protocol. They have the byte order of the machine: kernel and server are on the same one.
 *
 * A u64 becomes a number. Above 2^53 it is inexact, but still larger than every exact number and therefore larger than
 * any size that is compared with it: comparisons hold, and nothing is computed from it before one has refused it.
 */

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
const LOW = LITTLE_ENDIAN ? 0 : 4
const HIGH = LITTLE_ENDIAN ? 4 : 0
const TWO_TO_32 = 2 ** 32

export function setU16(view: DataView, offset: number, value: number): void {
  view.setUint16(offset, value, LITTLE_ENDIAN)
}

export function getU32(view: DataView, offset: number): number {
  return view.getUint32(offset, LITTLE_ENDIAN)
}

export function setU32(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value, LITTLE_ENDIAN)
}

export function setI32(view: DataView, offset: number, value: number): void {
  view.setInt32(offset, value, LITTLE_ENDIAN)
}

export function getU64(view: DataView, offset: number): number {
  return getU32(view, offset + HIGH) * TWO_TO_32 + getU32(view, offset + LOW)
}

/** A signed 64-bit number, inexact outside ±2^53. */
export function getI64(view: DataView, offset: number): number {
  return view.getInt32(offset + HIGH, LITTLE_ENDIAN) * TWO_TO_32 + getU32(view, offset + LOW)
}

/** Stores a whole number within ±2^53; a negative one as two's complement. */
export function setU64(view: DataView, offset: number, value: number): void {
  setU32(view, offset + LOW, value >>> 0)
  view.setInt32(offset + HIGH, Math.floor(value / TWO_TO_32), LITTLE_ENDIAN)
}

/** Copies eight bytes that only the kernel understands. */
export function copyU64(view: DataView, target: number, source: number): void {
  setU32(view, target, getU32(view, source))
  setU32(view, target + 4, getU32(view, source + 4))
}
