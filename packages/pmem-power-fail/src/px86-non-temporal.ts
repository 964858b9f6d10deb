/**
 * `px86-non-temporal`: stores of x86 processors that bypass the cache, made durable by SFENCE. It is how drivers and libraries copy to persistent
 * memory when they are to flush nothing afterwards.
 *
 * - A store within one aligned word of 8 bytes is durable as a whole or not at all.
 * - Stores to one word become durable in program order.
 * - Words have nothing to do with each other, those of one line neither: the buffers for combined writes may be drained in any order and in parts.
 * - `persist` and `flush` are a fence: everything that was stored is durable. `persist` is narrower here, as if each range had a fence of its own,
 *   so that a missing one is not hidden by another: the words that it touches are durable, and nothing else.
 *
 * Sources: Intel's manual, volume 1, on caching of temporal and non-temporal data, for the missing order; Raad, Wickerson, Neiger and Vafeiadis,
 * "Persistency semantics of the Intel-x86 architecture" (POPL 2020), for what remains.
 */
import { AlignedUnits } from './aligned-units.ts'
import type { ModelRules } from './in-flight.ts'
import { simulatedCapabilities } from './simulated-capabilities.ts'

const SHAPE = Object.freeze({ unitName: 'word', unitBytes: 8, atomBytes: 8, persistsRanges: true })

export const px86NonTemporal: ModelRules = {
  capabilities: simulatedCapabilities({
    atomicWriteBytes: 8,
    tearGranularityBytes: 8,
    sameLineOrdered: false,
    durableOnWrite: false,
  }),
  start: () => new AlignedUnits(SHAPE),
}
