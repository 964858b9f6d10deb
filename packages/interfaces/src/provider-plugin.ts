import type { PmemProvider } from './pmem-provider.ts'

/** The part of an image's URL that a provider gets: `scheme:path?key=value&…`. */
export interface ProviderLocation {
  /** Without the colon. */
  readonly scheme: string
  /** What stands between the scheme and the question mark, percent-decoded; may be empty. */
  readonly path: string
  readonly parameters: ReadonlyMap<string, string>
  /** As it was given, for messages. */
  readonly url: string
}

export interface ProviderOpenOptions {
  readonly readOnly: boolean
  /** Makes the storage, of this many bytes, where it does not exist. Absent: it has to exist. */
  readonly createSizeBytes?: number
  /** Whether the caller drives everything on one thread and blocks: flushes may then block instead of waiting. */
  readonly blocking?: boolean
}

/** What a provider package gives to the stack: its name, its URL schemes, and how to open one. */
export interface ProviderPlugin {
  readonly name: string
  readonly schemes: readonly string[]
  /** Opens the storage. Takes no lock: whoever attaches does. Throws `ProviderOpenError`. */
  open(location: ProviderLocation, options: ProviderOpenOptions): Promise<PmemProvider>
}
