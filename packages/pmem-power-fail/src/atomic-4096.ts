/**
 * `atomic-4096`: a disk that writes aligned blocks of 4096 bytes as one thing, below a cache that writes them back when it likes.
 *
 * The rules are those of `torn-512` with larger units: each block is durable as some prefix of the writes to it has left it, blocks have nothing to do
 * with each other, and only `flush` makes durable.
 *
 * Sources: disks whose logical blocks have 4096 bytes, or whose AWUPF says so (NVMe); file systems that write such a unit atomically when they are
 * asked to (`RWF_ATOMIC`).
 */
import { AlignedUnits } from './aligned-units.ts'
import type { ModelRules } from './in-flight.ts'
import { simulatedCapabilities } from './simulated-capabilities.ts'

const SHAPE = Object.freeze({ unitName: 'block', unitBytes: 4096, atomBytes: 4096, persistsRanges: false })

export const atomic4096: ModelRules = {
  capabilities: simulatedCapabilities({
    atomicWriteBytes: 4096,
    tearGranularityBytes: 4096,
    sameLineOrdered: true,
    durableOnWrite: false,
  }),
  start: () => new AlignedUnits(SHAPE),
}
