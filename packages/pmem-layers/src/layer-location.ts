/** What the plugins of all layers do with their URLs: `scheme:IMAGE?key=value&…`. */
import { parseSize, ProviderUrlError, type PmemProvider, type ProviderLocation } from '@bttkit/interfaces'

/** @throws {ProviderUrlError} where the parameter is no whole number from 0. */
export function numberIn({ parameters, url }: ProviderLocation, key: string): number | undefined {
  const text = parameters.get(key)
  if (text === undefined || /^\d{1,15}$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new ProviderUrlError({ image: url }, `'${key}' is a whole number, and not '${text}'`)
}

/** @throws {ProviderUrlError} where the parameter is no size, as `4096` or `64MiB` is. */
export function sizeIn({ parameters, url }: ProviderLocation, key: string): number | undefined {
  const text = parameters.get(key)
  const size = text === undefined ? undefined : parseSize(text)
  if (text === undefined || size !== undefined) return size
  throw new ProviderUrlError({ image: url }, `'${key}' is a size, and '${text}' is none`)
}

/** What a layer's constructor takes for misuse is a wrong URL here. @throws {ProviderUrlError} */
export function checkedBy<T>({ url }: ProviderLocation, body: () => T): T {
  try {
    return body()
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new ProviderUrlError({ image: url }, cause.message, { cause })
  }
}

/** Makes the layer over what was opened for it, which is closed where the layer cannot be made. */
export async function layOver<T>(inner: PmemProvider, make: (inner: PmemProvider) => T): Promise<T> {
  try {
    return make(inner)
  } catch (error) {
    await inner.close()
    throw error
  }
}
