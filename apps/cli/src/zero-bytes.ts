const zeros = Buffer.alloc(64 * 1024)

/** Whether `length` bytes from `start` on are all zero. */
export function isZero(bytes: Uint8Array, start: number, length: number): boolean {
  for (let done = 0; done < length; done += zeros.length) {
    const count = Math.min(zeros.length, length - done)
    if (zeros.compare(bytes, start + done, start + done + count, 0, count) !== 0) return false
  }
  return true
}
