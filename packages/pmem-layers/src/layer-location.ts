/** What the plugins of all layers do with their URLs: `scheme:IMAGE?key=value&…`. */
import {
  parseSize,
  ProviderUrlError,
  type PmemProvider,
  type ProviderLocation,
  type ProviderOpenOptions,
} from '@bttkit/interfaces'

/** A scheme, as image URLs have it, and what follows the colon. */
const WITH_SCHEME = /^([a-z][a-z0-9+.-]*):(.*)$/s

/** Encodes what would end the path, or be taken for an encoding. The rest stays readable. */
const encodePath = (path: string): string => path.replaceAll(/[%?]/g, encodeURIComponent)
const encodeKey = (key: string): string => key.replaceAll(/[%&=]/g, encodeURIComponent)
const encodeValue = (value: string): string => value.replaceAll(/[%&]/g, encodeURIComponent)

/**
 * The URL of what a layer lies over: its path is an image again, a path or a URL, and its parameters but the layer's `own` are that one's.
 *
 * A layer's location is decoded, and the inner URL will be once more. So it is encoded here again, whatever the number of layers: who writes the URL encodes once.
 */
function innerImage({ path: image, parameters }: ProviderLocation, own: readonly string[]): string {
  const [, scheme = 'file', path = image] = WITH_SCHEME.exec(image) ?? []
  const query = [...parameters]
    .filter(([key]) => !own.includes(key))
    .map(([key, value]) => `${encodeKey(key)}=${encodeValue(value)}`)
    .join('&')
  return `${scheme}:${encodePath(path)}${query === '' ? '' : `?${query}`}`
}

/** Opens what the layer lies over. @throws {TypeError} where the host has no way to. Errors besides: the inner provider's. */
export async function openUnder(
  location: ProviderLocation,
  { openInner }: ProviderOpenOptions,
  own: readonly string[],
): Promise<PmemProvider> {
  if (openInner !== undefined) return openInner(innerImage(location, own))
  throw new TypeError(
    `${location.url}: this is a layer, and its host gives it no way to open what lies under it`,
  )
}

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
