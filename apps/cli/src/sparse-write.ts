import type { FileHandle } from 'node:fs/promises'
import { isZero } from './zero-bytes.ts'

/** Zeros of this size and alignment become a hole; file systems have no smaller ones. */
const HOLE_BYTES = 4096

/** Writes all of the bytes from `start` to `end`. @param position in the file of the first of `bytes`; null: at the end of what was written before */
export async function writePart(
  handle: FileHandle,
  bytes: Uint8Array,
  start: number,
  end: number,
  position: number | null,
): Promise<void> {
  for (let at = start; at < end;) {
    const place = position === null ? null : position + at
    at += (await handle.write(bytes, at, end - at, place)).bytesWritten
  }
}

/** The end of the run of blocks from `start` on that are all zero, or all not; blocks are aligned in the file. */
function endOfRun(bytes: Uint8Array, position: number, start: number, zero: boolean): number {
  let end = start
  while (end < bytes.length) {
    const next = Math.min(bytes.length, end + HOLE_BYTES - ((position + end) % HOLE_BYTES))
    if (isZero(bytes, end, next - end) !== zero) break
    end = next
  }
  return end
}

/** Writes into a file that reads as zeros there, and leaves blocks of zeros out. */
export async function writeSparsely(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const start = endOfRun(bytes, position, at, true)
    const end = endOfRun(bytes, position, start, false)
    await writePart(handle, bytes, start, end, position)
    at = end
  }
}
