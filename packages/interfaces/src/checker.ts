import type { PmemProvider } from './pmem-provider.ts'

export type FindingSeverity = 'info' | 'recoverable' | 'damaged' | 'unreadable'

/** One thing that a checker found. Places are absent where they do not apply. */
export interface Finding {
  /** Stable: programs may depend on it. */
  readonly code: string
  readonly severity: FindingSeverity
  readonly arena?: number
  readonly lane?: number
  readonly lba?: number
  readonly block?: number
  /** Byte of the storage. */
  readonly offset?: number
  readonly message: string
  /** What a repair would do; absent where there is nothing to do, or nothing that can be done. */
  readonly repair?: string
}

/** Looks at an image and reports. Never writes. */
export interface Checker {
  readonly name: string
  check(provider: PmemProvider, options?: CheckOptions): AsyncIterable<Finding>
}

export interface CheckOptions {
  /** Where the info block of arena 0 is, in bytes; absent: probe. */
  readonly namespaceOffset?: number
  readonly signal?: AbortSignal
}
