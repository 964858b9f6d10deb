import type { FlushBehaviour, ProviderCapabilities } from '@bttkit/interfaces'

function capabilitiesOf(flush: FlushBehaviour): ProviderCapabilities {
  return Object.freeze({
    // A write goes to the page cache and reaches the disk in whole pages, and a disk stores a sector, 512 bytes at
    // least, wholly or not at all. So an aligned sector is old or new after a crash, and so is what lies within one:
    // map entries (4 bytes) and flog slots (16) do. A larger write may be torn between any two sectors.
    atomicWriteBytes: 512,
    tearGranularityBytes: 512,
    // The kernel writes pages back when and in what order it likes, also two versions of one page.
    sameLineOrdered: false,
    // Whole pages are written, but with what they held anyhow beside the write.
    damagesNeighbours: false,
    mayWait: flush === 'sleeps',
    flush,
    persistBy: 'fdatasync',
    durableOnWrite: false,
    // flock binds only those who ask for the lock.
    fencing: false,
    maxWritesInFlight: Infinity,
    // The kernel copies byte by byte as it sees fit: two threads may see four bytes of one pwrite torn.
    atomicAccessBytes: 0,
  })
}

/** Flushes on a thread of the system, for a caller whose event loop turns. */
export const ASYNCHRONOUS: ProviderCapabilities = capabilitiesOf('sleeps')

/** Flushes within the call; also of a file that is only read, where there is nothing to flush. */
export const BLOCKING: ProviderCapabilities = capabilitiesOf('immediate')
