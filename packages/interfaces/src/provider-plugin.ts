import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { PmemProvider, ProviderShare } from './pmem-provider.ts'
import { PROVIDER_CONTRACT } from './provider-contract.ts'

/**
 * What a plugin's parameters may be: for each the schema that checks and converts it, of any library that has standard schemas (valibot, zod, …).
 * It gets the text of the URL, or what a program gave; `undefined` where the parameter is absent, so that it may have a default or be required.
 * Its answer must not wait.
 */
export type ParameterSchemas = Readonly<Record<string, StandardSchemaV1>>

/** What the schemas make of the parameters. */
export type ParameterValues<Schemas extends ParameterSchemas> = {
  readonly [Key in keyof Schemas]: StandardSchemaV1.InferOutput<Schemas[Key]>
}

/** The part of an image's URL that a provider gets: `scheme:path?key=value&…`, read and checked. */
export interface ProviderLocation<Values = Readonly<Record<string, unknown>>> {
  /** Without the colon. */
  readonly scheme: string
  /** What stands between the scheme and the question mark, percent-decoded; may be empty. Of a layer: the image under it, for messages. */
  readonly path: string
  /** One for each of the plugin's parameters, as its schemas made them. */
  readonly values: Values
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
}

/** What a plugin gets from its host. */
export interface ProviderHost {
  /**
   * Opens the storage under a layer, with the options of the layer, which then closes it; with `readOnly` for reading only, whatever the options say.
   * Without a layer a `TypeError`.
   */
  readonly openInner: (changes?: { readonly readOnly?: true }) => Promise<PmemProvider>
}

/** What a plugin gets that opens the storage of another thread. */
export interface ProviderJoinOptions {
  /** Opens the storage under a layer, as another thread shares it. */
  readonly joinInner: (share: ProviderShare) => Promise<PmemProvider>
}

/** What a provider package gives to the stack: its name, its URL schemes, their parameters, and how to open one. */
export interface ProviderPlugin<Schemas extends ParameterSchemas = ParameterSchemas> {
  readonly name: string
  /** The version of the contract that it was made for, as `1.0`. A host refuses one of another major version. */
  readonly contract: string
  readonly schemes: readonly string[]
  readonly parameters: Schemas
  /** Whether the path of its URLs is another image, a path or a URL, and the parameters that it does not know are that one's. Default false. */
  readonly isLayer?: boolean
  /** Opens the storage. Takes no lock: whoever attaches does. Throws `ProviderOpenError`; `ProviderUrlError` for values that do not go together. */
  open(
    location: ProviderLocation<ParameterValues<Schemas>>,
    options: ProviderOpenOptions,
    host: ProviderHost,
  ): Promise<PmemProvider>
  /** Opens on this thread what `PmemProvider.share` of another one described. Takes no lock. Default: threads cannot share the storage. */
  join?(share: ProviderShare, options: ProviderJoinOptions): Promise<PmemProvider>
}

/**
 * Makes a plugin for this version of the contract; it is what a provider package exports as `providerPlugin`.
 *
 * ```ts
 * export const providerPlugin = defineProviderPlugin({
 *   name: 'toy',
 *   schemes: ['toy'],
 *   parameters: { sizeBytes: v.pipe(v.string(), v.toNumber()) },
 *   open: async ({ values }) => new ToyProvider(values.sizeBytes),
 * })
 * ```
 */
export function defineProviderPlugin<const Schemas extends ParameterSchemas>(
  plugin: Omit<ProviderPlugin<Schemas>, 'contract'>,
): ProviderPlugin<Schemas> {
  return { contract: PROVIDER_CONTRACT, ...plugin }
}
