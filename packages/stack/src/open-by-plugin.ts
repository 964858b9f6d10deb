/** Calling what others wrote: the storage that it opens is looked at, and its failures have a class and say whose they are. */
import { isBttkitError, ProviderOpenError, type PmemProvider, type ProviderPlugin } from '@bttkit/interfaces'
import { checkProvider } from './check-provider.ts'

/** The system's, where the failure came from it. */
function errnoOf(error: unknown): string {
  if (!(error instanceof Error && 'errno' in error && 'code' in error)) return 'EIO'
  return typeof error.code === 'string' ? error.code : 'EIO'
}

/**
 * @param image as it was given; undefined where it is not known
 * @param opening calls the plugin
 * @throws {ProviderOpenError} for a failure that is none of bttkit's, which is its cause. {PluginContractError} for what is no storage.
 */
export async function openByPlugin(
  { name }: ProviderPlugin,
  image: string | undefined,
  opening: () => Promise<unknown>,
): Promise<PmemProvider> {
  let provider: unknown
  try {
    provider = await opening()
  } catch (cause) {
    if (isBttkitError(cause)) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ProviderOpenError({ image }, `the provider '${name}' failed: ${reason}`, errnoOf(cause), {
      cause,
    })
  }
  checkProvider(name, provider)
  return provider
}
