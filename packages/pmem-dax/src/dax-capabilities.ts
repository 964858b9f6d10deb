/**
 * What a mapping promises, and why.
 *
 * Of stores to one line (`sameLineOrdered`): ordinary stores of one thread reach its cache in program order on x86-64, and a line leaves the cache as a
 * whole, with the stores that it had got by then. So they become durable in order where lines go from the cache to the medium and nowhere else:
 * - With MAP_SYNC, and on a DAX device, that is so by the kernel's word, whichever method makes them durable.
 * - `PMEM_IS_PMEM_FORCE=1` is the user's word that the mapping is persistent memory, and by libpmem it is the same promise: MAP_SYNC adds only that the
 *   file system keeps the blocks of the file where they are. Where the word is false, no flush makes anything durable, and there is no order to lose.
 *   By msync there is one: that makes stores durable whether the word is true or not. So the word does not count there.
 * - Through the page cache it is not so: the kernel may write a page back at any time, from a copy of it or by a device that reads it. A copy that has
 *   read the first half of a line before both halves are stored, and the second half after it, is one of the second store without the first.
 *
 * It is the order of calls, and of nothing within one. A call with one aligned piece of 4 or 8 bytes is one store; the bytes of a longer one may be
 * stored in any order. (The words of a short piece are stored in ascending order, but nobody should build on that.) A plain `write` is copied in pieces
 * that are short enough for the C library to make ordinary stores of them. `writeThrough` and `writeMany` copy past the cache, where no order holds: they
 * wait until that is durable, and first make durable what lies in the same lines, so that earlier and later stores keep the order with them.
 */
import type { ProviderCapabilities } from '@bttkit/interfaces'
import type { Medium } from './persistence.ts'

/** Where the stores of one thread become visible, and so reach a line, in program order. */
const STORES_IN_ORDER = process.arch === 'x64'

/** Whether nothing but lines, each as a whole, goes to the medium. */
function goesByLines({ isPmem, isForced, persistence }: Medium): boolean {
  return isPmem && !(isForced && persistence === 'msync')
}

function persistByOf({ persistence, isForced }: Medium): string {
  if (persistence === 'msync') return 'msync'
  return isForced ? 'pmem_persist (PMEM_IS_PMEM_FORCE)' : 'pmem_persist'
}

export function capabilitiesOf(medium: Medium): ProviderCapabilities {
  return Object.freeze({
    // The largest piece that one store of the processor makes. A disk would store a sector at once, but the kernel may write a page back
    // in the middle of a longer copy.
    atomicWriteBytes: 8,
    tearGranularityBytes: 8,
    sameLineOrdered: STORES_IN_ORDER && goesByLines(medium),
    damagesNeighbours: false,
    mayWait: false,
    flush: 'immediate',
    persistBy: persistByOf(medium),
    durableOnWrite: false,
    // flock binds only those who ask for the lock.
    fencing: false,
    maxWritesInFlight: Infinity,
    atomicAccessBytes: 4,
  })
}
