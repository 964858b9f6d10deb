/** What a thread did, and when, on a clock that all threads of the process share. */
export interface ThroughputSlice {
  readonly operations: number
  readonly startNs: bigint
  readonly endNs: bigint
}

export function operationsOf(slices: readonly ThroughputSlice[]): number {
  return slices.reduce((sum, slice) => sum + slice.operations, 0)
}

/** Milliseconds of threads that worked together, from when the first began until the last ended. */
export function spanMs(slices: readonly ThroughputSlice[]): number {
  const [first, ...others] = slices
  if (first === undefined) throw new RangeError('nobody worked')
  let { startNs, endNs } = first
  for (const slice of others) {
    if (slice.startNs < startNs) startNs = slice.startNs
    if (slice.endNs > endNs) endNs = slice.endNs
  }
  return Number(endNs - startNs) / 1e6
}

/** Operations a second of threads that worked together. */
export function rateOf(slices: readonly ThroughputSlice[]): number {
  return (operationsOf(slices) * 1000) / spanMs(slices)
}
