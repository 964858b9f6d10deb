/**
 * `strict`: every write is durable as a whole when its call is over, and none is reordered. A power failure leaves one state: everything so far.
 *
 * It is what storage would have to be if there were nothing to prove: with it, only a wrong order of writes is found, and no missing flush. In the
 * literature it is strict persistency (Pelley, Chen and Wenisch, "Memory persistency", ISCA 2014).
 */
import type { ModelRules } from './in-flight.ts'
import { simulatedCapabilities } from './simulated-capabilities.ts'
import { WholeWrites } from './whole-writes.ts'

export const strict: ModelRules = {
  capabilities: simulatedCapabilities({
    atomicWriteBytes: 4096,
    tearGranularityBytes: 4096,
    sameLineOrdered: true,
    durableOnWrite: true,
  }),
  start: () => new WholeWrites(),
}
