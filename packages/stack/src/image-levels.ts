/** From the name of an image to what opens it: each level with its plugin, and its parameters as the plugin's schemas made them. */
import { inspect } from 'node:util'
import { ProviderUrlError, type ProviderLocation, type ProviderPlugin } from '@bttkit/interfaces'
import { checkParameters } from './check-parameters.ts'
import type { Image, ImageConfiguration } from './image-configuration.ts'
import { parseImageUrl, unknownScheme, type PluginsByScheme } from './image-url.ts'

/** One level of an image, checked. */
export interface ImageLevel {
  readonly plugin: ProviderPlugin
  readonly location: ProviderLocation
  /** What a layer lies over. */
  readonly inner: ImageLevel | undefined
}

/** A configuration without text in it. */
export interface ImageTree extends ImageConfiguration {
  readonly inner?: ImageTree | undefined
}

/** Reads the name of an image, and does not look at its parameters. @throws {ProviderUrlError} */
export function imageTree(image: Image, plugins: PluginsByScheme): ImageTree {
  const { inner, ...level } = typeof image === 'string' ? parseImageUrl(image, plugins) : image
  return inner === undefined ? level : { ...level, inner: imageTree(inner, plugins) }
}

/** Encodes what would end the path, or be taken for an encoding. The rest stays readable. */
const encodePath = (path: string): string => path.replaceAll(/[%?]/g, encodeURIComponent)
const encodeKey = (key: string): string => key.replaceAll(/[%&=]/g, encodeURIComponent)
const encodeValue = (value: string): string => value.replaceAll(/[%&]/g, encodeURIComponent)

function schemesAndPath({ scheme, path = '', inner }: ImageTree): string {
  return `${scheme}:${inner === undefined ? encodePath(path) : schemesAndPath(inner)}`
}

function pairs({ parameters = {}, inner }: ImageTree): string[] {
  const own = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      const text = typeof value === 'string' ? value : inspect(value, { depth: 1, breakLength: Infinity })
      return `${encodeKey(key)}=${encodeValue(text)}`
    })
  return inner === undefined ? own : [...own, ...pairs(inner)]
}

/** A tree as a URL would have it, for messages. Where two levels have the same parameter there is no such URL; this has both then. */
function textOf(tree: ImageTree): string {
  const query = pairs(tree).join('&')
  return `${schemesAndPath(tree)}${query === '' ? '' : `?${query}`}`
}

function checkShape(
  { path, inner }: ImageTree,
  { name, isLayer = false }: ProviderPlugin,
  url: string,
): void {
  if (!isLayer && inner !== undefined) {
    throw new ProviderUrlError(
      { image: url },
      `the provider '${name}' is no layer: it has nothing under it, and no 'inner'`,
    )
  }
  if (isLayer && inner === undefined) {
    throw new ProviderUrlError(
      { image: url },
      `the provider '${name}' is a layer: what it lies over is its 'inner'`,
    )
  }
  if (isLayer && path !== undefined) {
    throw new ProviderUrlError(
      { image: url },
      `the provider '${name}' is a layer: it has no 'path', only its 'inner' may`,
    )
  }
}

/** @param above the layers over it, where its parameters stood with theirs; undefined where each level has its own */
function checkLevel(
  tree: ImageTree,
  url: string,
  plugins: PluginsByScheme,
  above: readonly ProviderPlugin[] | undefined,
): ImageLevel {
  const { scheme, parameters = {} } = tree
  const plugin = plugins.get(scheme)
  if (plugin === undefined) throw unknownScheme(scheme, url, plugins)
  checkShape(tree, plugin, url)
  const values = checkParameters(plugin, parameters, url, above)
  const inner = tree.inner && checkLevel(tree.inner, textOf(tree.inner), plugins, above && [...above, plugin])
  const path = inner?.location.url ?? tree.path ?? ''
  return { plugin, location: { scheme, path, values, url }, inner }
}

/**
 * Reads and checks the name of an image, to its last level, before anything is opened.
 *
 * @throws {ProviderUrlError} for a name that is none: an unknown scheme or parameter, a value that its schema refuses, a layer over nothing.
 */
export function imageLevels(image: Image, plugins: PluginsByScheme): ImageLevel {
  const tree = imageTree(image, plugins)
  return typeof image === 'string'
    ? checkLevel(tree, image, plugins, [])
    : checkLevel(tree, textOf(tree), plugins, undefined)
}
