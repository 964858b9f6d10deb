/** What every provider checks of a call before it uses it. */
import { OutOfRangeError } from './errors.ts'
import type { PmemProvider } from './pmem-provider.ts'

/** @throws {OutOfRangeError} for bytes that are not all within the storage, or are no whole numbers. */
export function checkRange(
  { name, size }: Pick<PmemProvider, 'name' | 'size'>,
  offset: number,
  length: number,
): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length)
  if (whole && offset >= 0 && length >= 0 && offset + length <= size) return
  throw new OutOfRangeError(
    { image: name, offset },
    `${length} bytes from there are not within the ${size} bytes of the storage`,
  )
}

/** For `readInto` and `writeFrom`. @throws {TypeError} where the bytes are not within the caller's buffer. */
export function checkPiece(buffer: Uint8Array, start: number, length: number): void {
  if (Number.isSafeInteger(start) && start >= 0 && start + length <= buffer.byteLength) return
  throw new TypeError(`${length} bytes from ${start} on are not within a piece of ${buffer.byteLength}`)
}
