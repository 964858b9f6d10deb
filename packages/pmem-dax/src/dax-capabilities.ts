import type { ProviderCapabilities } from '@bttkit/interfaces'
import type { Persistence } from './persistence.ts'

/** Where the stores of one thread become visible, and so reach a line, in program order. */
const STORES_IN_ORDER = process.arch === 'x64'

/** What a mapping promises. @param synchronous whether it is DAX with MAP_SYNC */
export function capabilitiesOf(persistence: Persistence, synchronous: boolean): ProviderCapabilities {
  return Object.freeze({
    // The largest piece that one store of the processor makes. A disk would store a sector at once, but the kernel may write a page back
    // in the middle of a longer copy.
    atomicWriteBytes: 8,
    tearGranularityBytes: 8,
    // A line of persistent memory is written with the stores that it had got. A page that is written back by the kernel, or that was only
    // declared persistent by the environment, has no such promise.
    sameLineOrdered: STORES_IN_ORDER && synchronous && persistence === 'libpmem',
    damagesNeighbours: false,
    mayWait: false,
    flush: 'immediate',
    durableOnWrite: false,
    // flock binds only those who ask for the lock.
    fencing: false,
    maxWritesInFlight: Infinity,
    atomicAccessBytes: 4,
  })
}
