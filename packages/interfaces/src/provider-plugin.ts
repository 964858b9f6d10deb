import type { PmemProvider, ProviderShare } from './pmem-provider.ts'

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
  /** Whether other threads shall open the same storage (`PmemProvider.share`). Default false. */
  readonly threads?: boolean
  /** Opens the storage under a layer, by URL or path, with the options of the layer. The layer closes it. */
  readonly openInner?: (image: string) => Promise<PmemProvider>
}

/** What a plugin gets that opens the storage of another thread. */
export interface ProviderJoinOptions {
  /** Opens the storage under a layer, as another thread shares it. */
  readonly joinInner: (share: ProviderShare) => Promise<PmemProvider>
}

/** What a provider package gives to the stack: its name, its URL schemes, and how to open one. */
export interface ProviderPlugin {
  readonly name: string
  readonly schemes: readonly string[]
  /** Opens the storage. Takes no lock: whoever attaches does. Throws `ProviderOpenError`. */
  open(location: ProviderLocation, options: ProviderOpenOptions): Promise<PmemProvider>
  /** Opens on this thread what `PmemProvider.share` of another one described. Takes no lock. Default: threads cannot share the storage. */
  join?(share: ProviderShare, options: ProviderJoinOptions): Promise<PmemProvider>
}
