import { existsSync } from 'node:fs'
import { ProviderUrlError, type ProviderLocation } from '@bttkit/interfaces'

const URL_FORM = /^([a-z][a-z0-9+.-]*):([^?]*)(?:\?(.*))?$/s

function decode(text: string, image: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ProviderUrlError({ image }, 'a percent sign in a URL begins two hexadecimal digits')
  }
}

function parseParameters(query: string, image: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const key = decode(equals < 0 ? pair : pair.slice(0, equals), image)
    if (key === '') throw new ProviderUrlError({ image }, `"${pair}" gives no parameter a value`)
    if (parameters.has(key)) throw new ProviderUrlError({ image }, `the parameter ${key} is given twice`)
    parameters.set(key, equals < 0 ? '' : decode(pair.slice(equals + 1), image))
  }
  return parameters
}

/**
 * Reads the name of an image: `scheme:path?key=value&…` for one of the known schemes, with percent-encoding, or the plain path of a file.
 *
 * What looks like a URL of a scheme that nobody knows is a path when there is such a file or it names a folder, and an error otherwise.
 *
 * @throws {ProviderUrlError}
 */
export function parseImageUrl(image: string, knownSchemes: readonly string[]): ProviderLocation {
  const file: ProviderLocation = { scheme: 'file', path: image, parameters: new Map(), url: image }
  if (image === '') throw new ProviderUrlError({}, 'the name of the image is empty')
  const match = URL_FORM.exec(image)
  if (match === null) return file
  const [, scheme = '', path = '', query = ''] = match
  if (!knownSchemes.includes(scheme)) {
    if (path.includes('/') || existsSync(image)) return file
    throw new ProviderUrlError(
      { image },
      `no provider knows the scheme "${scheme}:"; there are ${knownSchemes.map((known) => `${known}:`).join(', ')}`,
    )
  }
  return { scheme, path: decode(path, image), parameters: parseParameters(query, image), url: image }
}
