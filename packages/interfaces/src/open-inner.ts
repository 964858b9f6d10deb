import type { PmemProvider } from './pmem-provider.ts'
import type { ProviderLocation, ProviderOpenOptions } from './provider-plugin.ts'

/** A scheme, as image URLs have it, and what follows the colon. */
const WITH_SCHEME = /^([a-z][a-z0-9+.-]*):(.*)$/s

/** Encodes what would end the path, or be taken for an encoding. The rest stays readable. */
const encodePath = (path: string): string => path.replaceAll(/[%?]/g, encodeURIComponent)
const encodeKey = (key: string): string => key.replaceAll(/[%&=]/g, encodeURIComponent)
const encodeValue = (value: string): string => value.replaceAll(/[%&]/g, encodeURIComponent)

/**
 * The URL of what a layer lies over: its path is an image again, a path or a URL, and its parameters but the layer's `own` are that one's.
 *
 * A layer's location is decoded, and the inner URL will be once more. So it is encoded here again, whatever the number of layers: who writes
 * the URL encodes once.
 */
function innerImage({ path: image, parameters }: ProviderLocation, own: readonly string[]): string {
  const [, scheme = 'file', path = image] = WITH_SCHEME.exec(image) ?? []
  const query = [...parameters]
    .filter(([key]) => !own.includes(key))
    .map(([key, value]) => `${encodeKey(key)}=${encodeValue(value)}`)
    .join('&')
  return `${scheme}:${encodePath(path)}${query === '' ? '' : `?${query}`}`
}

/**
 * For the plugin of a layer: opens what the layer lies over, `layer:IMAGE?key=value&…`, whose parameters but the layer's `own` are the inner image's.
 *
 * @throws {TypeError} where the host gives layers no way to open it. Errors besides: the inner provider's.
 */
export async function openInnerImage(
  location: ProviderLocation,
  { openInner }: ProviderOpenOptions,
  own: readonly string[],
): Promise<PmemProvider> {
  if (openInner !== undefined) return openInner(innerImage(location, own))
  throw new TypeError(
    `${location.url}: this is a layer, and its host gives it no way to open what lies under it`,
  )
}
