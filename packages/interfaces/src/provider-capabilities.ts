/** What a flush of a provider does. */
export type FlushBehaviour =
  /** Nothing: stores are durable without one, or the provider is volatile. */
  | 'none'
  /** Finishes before the call returns. */
  | 'immediate'
  /** May wait (a worker of the system, a host, a network). */
  | 'sleeps'

/**
 * What a provider promises about its stores. Frozen: the engine chooses its path from it at attach and refuses
 * what cannot be made safe, with the reason.
 */
export interface ProviderCapabilities {
  /** The largest naturally aligned write that a crash leaves either whole or undone, in bytes, a power of two. At least 8 for writing: half a flog entry. */
  readonly atomicWriteBytes: number
  /** A larger write may be torn at multiples of this many bytes, and nowhere else. */
  readonly tearGranularityBytes: number
  /** Whether stores to one aligned 64-byte line become durable in the order they were made in, without a flush between. */
  readonly sameLineOrdered: boolean
  /** Whether a crash during a write may damage bytes beside it, in the same physical sector. The engine refuses to write then. */
  readonly damagesNeighbours: boolean
  /** Whether any call may answer with a `Wait`. */
  readonly mayWait: boolean
  readonly flush: FlushBehaviour
  /** By what a flush makes writes durable, for people: `pmem_persist`, `msync`, `fdatasync`; `nothing` where none does. */
  readonly persistBy: string
  /** Whether a write is durable when it is complete. */
  readonly durableOnWrite: boolean
  /** Whether a second writer of the same media is fenced off by the provider itself. */
  readonly fencing: boolean
  /** How many writes may be under way at once; `Infinity` where nothing limits it. */
  readonly maxWritesInFlight: number
  /** Naturally aligned accesses of this size are single accesses across threads; 0 where there is none. */
  readonly atomicAccessBytes: number
}
