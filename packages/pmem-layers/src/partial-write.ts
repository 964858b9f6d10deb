import type { ProviderCapabilities } from '@bttkit/interfaces'
import type { CallPiece } from './provider-call.ts'

/** The first `bytes` of a write: its pieces, the last of them shortened. */
export function beginningOf(pieces: readonly CallPiece[], bytes: number): CallPiece[] {
  const beginning: CallPiece[] = []
  let left = bytes
  for (const { offset, length, source } of pieces) {
    const kept = Math.min(length, left)
    if (kept === 0) continue
    left -= kept
    beginning.push({
      offset,
      length: kept,
      ...(source === undefined ? {} : { source: source.subarray(0, kept) }),
    })
  }
  return beginning
}

/**
 * How many bytes of a write are stored where it tears at a random place: less than all, and only at places where the provider says that writes may tear.
 *
 * @param random from 0 to below 1.
 */
export function tornBytes(
  pieces: readonly CallPiece[],
  capabilities: ProviderCapabilities,
  random: number,
): number {
  const { atomicWriteBytes, tearGranularityBytes } = capabilities
  const total = pieces.reduce((sum, { length }) => sum + length, 0)
  const wished = Math.floor(random * total)
  let before = 0
  for (const { offset, length } of pieces) {
    if (wished < before + length) {
      if (length <= atomicWriteBytes && offset % length === 0) return before
      const place = offset + (wished - before)
      return before + Math.max(0, place - (place % tearGranularityBytes) - offset)
    }
    before += length
  }
  return 0
}
