/**
 * `torn-512`: a disk with sectors of 512 bytes, below a cache that writes them back when it likes.
 *
 * - Each sector is durable as it was after some write that touched it, or as it was at the last flush: a prefix of the writes to it. A cache holds
 *   one version of a sector, and writes back the one that it has; it never goes back to an older one.
 * - Sectors have nothing to do with each other: a write over several is torn at any of their borders.
 * - Only `flush` makes durable, and it does so to everything.
 *
 * Sources: a disk's promise that a sector is written as a whole (NVMe: AWUPF of at least one block; of SATA and SCSI disks it is what systems
 * assume, not what the standards say), and the page cache of an operating system, which promises nothing beyond it.
 */
import { AlignedUnits } from './aligned-units.ts'
import type { ModelRules } from './in-flight.ts'
import { simulatedCapabilities } from './simulated-capabilities.ts'

const SHAPE = Object.freeze({ unitName: 'sector', unitBytes: 512, atomBytes: 512, persistsRanges: false })

export const torn512: ModelRules = {
  capabilities: simulatedCapabilities({
    atomicWriteBytes: 512,
    tearGranularityBytes: 512,
    sameLineOrdered: true,
    durableOnWrite: false,
  }),
  start: () => new AlignedUnits(SHAPE),
}
