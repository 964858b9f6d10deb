import type { ProviderCapabilities } from '@bttkit/interfaces'

/** What the models differ in, and what is so in each of them because it is simulated, on one thread. */
export function simulatedCapabilities(
  rules: Pick<
    ProviderCapabilities,
    'atomicWriteBytes' | 'tearGranularityBytes' | 'sameLineOrdered' | 'durableOnWrite'
  >,
): ProviderCapabilities {
  return Object.freeze({
    ...rules,
    damagesNeighbours: false,
    mayWait: false,
    flush: 'immediate',
    persistBy: 'simulation',
    fencing: false,
    maxWritesInFlight: Infinity,
    atomicAccessBytes: 4,
  })
}
