/**
 * `px86`: ordinary cached stores of x86 processors to persistent memory, made durable by CLWB and SFENCE.
 *
 * - A store within one aligned word of 8 bytes is durable as a whole or not at all.
 * - Stores to one line of 64 bytes become durable in program order; without a flush any number of them may be, from none to all.
 * - Lines have nothing to do with each other: each may be ahead of the others, or behind.
 * - A write is a copy: one store for each aligned word that it touches. Nothing says in which order a copy makes its stores, so until it is over as a
 *   whole, any of those in one line may be durable. Two writes are in program order.
 * - `persist` is CLWB of each line that the range touches, and a fence: these lines are durable, with all that was stored in them. `flush` does so
 *   to all lines.
 *
 * Sources: Raad, Wickerson, Neiger and Vafeiadis, "Persistency semantics of the Intel-x86 architecture" (POPL 2020), for the order; Intel's manual,
 * volume 3, on guaranteed atomic operations, for the 8 bytes. The order within a copy is our reading, and the strictest one: a compiler or a
 * `memcpy` may choose any.
 *
 * Not in it: stores that bypass the cache (`px86-non-temporal`), failures of the media, and caches that survive (eADR), where a store is durable at once.
 */
import { AlignedUnits } from './aligned-units.ts'
import type { ModelRules } from './in-flight.ts'
import { simulatedCapabilities } from './simulated-capabilities.ts'

const SHAPE = Object.freeze({ unitName: 'line', unitBytes: 64, atomBytes: 8, persistsRanges: true })

export const px86: ModelRules = {
  capabilities: simulatedCapabilities({
    atomicWriteBytes: 8,
    tearGranularityBytes: 8,
    sameLineOrdered: true,
    durableOnWrite: false,
  }),
  start: () => new AlignedUnits(SHAPE),
}
