import type { ProviderLocation } from '@bttkit/interfaces'

/** A scheme, as image URLs have it, and what follows the colon. */
const WITH_SCHEME = /^([a-z][a-z0-9+.-]*):(.*)$/s

/** Encodes what would end the path, or be taken for an encoding. The rest stays readable. */
const encodePath = (path: string): string => path.replaceAll(/[%?]/g, encodeURIComponent)
const encodeKey = (key: string): string => key.replaceAll(/[%&=]/g, encodeURIComponent)
const encodeValue = (value: string): string => value.replaceAll(/[%&]/g, encodeURIComponent)

/**
 * The URL of what a layer lies over: its path is an image again, a path or a URL, and its parameters without `own` are that one's.
 *
 * A layer's location is decoded, and the inner URL will be once more. So it is encoded here again, whatever the number of layers: who writes
 * the URL encodes once.
 */
export function innerImage(location: ProviderLocation, own: string): string {
  const [, scheme = 'file', path = location.path] = WITH_SCHEME.exec(location.path) ?? []
  const parameters = [...location.parameters].filter(([key]) => key !== own)
  const query = parameters.map(([key, value]) => `${encodeKey(key)}=${encodeValue(value)}`).join('&')
  return `${scheme}:${encodePath(path)}${query === '' ? '' : `?${query}`}`
}
