import { OutOfRangeError, ProviderUrlError, type PmemProvider } from '@bttkit/interfaces'

/**
 * Makes the layer over what was opened for it, which is closed where the layer cannot be made.
 *
 * @param url where the layer's values are from: what its constructor takes for misuse is a `ProviderUrlError` then. Absent for what another thread shares.
 */
export async function layOver<Layer>(
  inner: PmemProvider,
  url: string | undefined,
  make: (inner: PmemProvider) => Layer,
): Promise<Layer> {
  try {
    return make(inner)
  } catch (cause) {
    await inner.close()
    const isMisuse = cause instanceof TypeError || cause instanceof OutOfRangeError
    if (url === undefined || !isMisuse) throw cause
    throw new ProviderUrlError({ image: url }, cause.message, { cause })
  }
}
