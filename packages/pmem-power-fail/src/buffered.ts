/**
 * `buffered`: a volatile write cache that reorders whole writes.
 *
 * - Each write since the last flush is durable as a whole or not at all, whatever became of the others. None is torn.
 * - Of the durable ones, a later one lies over an earlier one, as in the order in which they were called. So an older write may be durable under a newer
 *   one, and instead of it.
 * - Only `flush` makes durable, and it does so to everything.
 *
 * Source: the cache model of block devices that have a flush command and no order without it, one write being one command; what replayers of logged
 * writes (dm-log-writes, CrashMonkey) permute between two flushes. The capabilities promise less than these rules, because a device has a largest
 * command: what is torn is the business of the other models.
 */
import type { ModelRules } from './in-flight.ts'
import { simulatedCapabilities } from './simulated-capabilities.ts'
import { WholeWrites } from './whole-writes.ts'

export const buffered: ModelRules = {
  capabilities: simulatedCapabilities({
    atomicWriteBytes: 4096,
    tearGranularityBytes: 4096,
    sameLineOrdered: false,
    durableOnWrite: false,
  }),
  start: () => new WholeWrites(),
}
