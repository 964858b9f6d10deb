/**
 * The checksum of an info block: a Fletcher sum over little-endian 32-bit words whose two accumulators wrap modulo 2^32 (the
 * textbook variant wraps modulo 2^32 - 1).
 *
 * It is not keyed, and all zeros sum to 0: a match proves nothing where the signature does not match too.
 */

/** Sums `bytes` (a multiple of 4), taking the 8 bytes from `checksumOffset` (a multiple of 4) on as zeros. The high half of the result is the sum of sums. */
export function fletcher64(bytes: Uint8Array, checksumOffset: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let low = 0
  let high = 0
  for (let offset = 0; offset < bytes.byteLength; offset += 4) {
    const isChecksum = offset === checksumOffset || offset === checksumOffset + 4
    if (!isChecksum) low = (low + view.getUint32(offset, true)) >>> 0
    high = (high + low) >>> 0
  }
  return (BigInt(high) << 32n) | BigInt(low)
}
