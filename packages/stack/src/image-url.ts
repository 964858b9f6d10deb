/**
 * Images by URL. Who writes a URL encodes once, whatever the number of layers: the text is cut into its levels before anything is decoded, and
 * each piece is decoded once.
 */
import { existsSync } from 'node:fs'
import { ProviderUrlError, type ProviderPlugin } from '@bttkit/interfaces'
import type { ImageConfiguration } from './image-configuration.ts'

/** The plugin for each scheme that there is. */
export type PluginsByScheme = ReadonlyMap<string, ProviderPlugin>

const WITH_SCHEME = /^([a-z][a-z0-9+.-]*):(.*)$/s

/** What is said to a scheme that nobody knows. */
export function unknownScheme(
  scheme: string,
  image: string | undefined,
  plugins: PluginsByScheme,
): ProviderUrlError {
  const known = [...plugins.keys()].map((other) => `${other}:`).join(', ')
  return new ProviderUrlError({ image }, `no provider knows the scheme "${scheme}:"; there are ${known}`)
}

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

/** Cuts `scheme:rest` for a scheme that somebody knows; undefined for the path of a file. */
function cutScheme(
  text: string,
  path: string,
  image: string,
  plugins: PluginsByScheme,
): { readonly plugin: ProviderPlugin; readonly scheme: string; readonly rest: string } | undefined {
  const [, scheme, rest] = WITH_SCHEME.exec(text) ?? []
  if (scheme === undefined || rest === undefined) return undefined
  const plugin = plugins.get(scheme)
  if (plugin !== undefined) return { plugin, scheme, rest }
  if (rest.includes('/') || existsSync(path)) return undefined
  throw unknownScheme(scheme, image, plugins)
}

/** One level and what lies under it: `text` is encoded, and has no parameters any more. */
function parseLevel(
  text: string,
  parameters: ReadonlyMap<string, string>,
  image: string,
  plugins: PluginsByScheme,
): ImageConfiguration {
  const path = decode(text, image)
  const cut = cutScheme(text, path, image, plugins)
  if (cut === undefined) return { scheme: 'file', path, parameters: Object.fromEntries(parameters) }
  const { plugin, scheme, rest } = cut
  if (plugin.isLayer !== true) {
    return { scheme, path: decode(rest, image), parameters: Object.fromEntries(parameters) }
  }
  const isOwn = ([key]: [string, string]): boolean => Object.hasOwn(plugin.parameters, key)
  const own = [...parameters].filter(isOwn)
  const others = [...parameters].filter((parameter) => !isOwn(parameter))
  return {
    scheme,
    parameters: Object.fromEntries(own),
    inner: parseLevel(rest, new Map(others), image, plugins),
  }
}

/**
 * Reads the name of an image: `scheme:path?key=value&…` with percent-encoding, or the plain path of a file. The path of a layer is an image again, and
 * the parameters that the layer does not know are that one's.
 *
 * What looks like a URL of a scheme that nobody knows is a path when there is such a file or it names a folder, and an error otherwise.
 *
 * @throws {ProviderUrlError}
 */
export function parseImageUrl(image: string, plugins: PluginsByScheme): ImageConfiguration {
  if (image === '') throw new ProviderUrlError({}, 'the name of the image is empty')
  const question = image.indexOf('?')
  const end = question < 0 ? image.length : question
  // A plain path is taken as it stands, percent and question marks too.
  if (cutScheme(image.slice(0, end), image, image, plugins) === undefined)
    return { scheme: 'file', path: image }
  return parseLevel(image.slice(0, end), parseParameters(image.slice(end + 1), image), image, plugins)
}
