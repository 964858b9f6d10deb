/** Plugins that take any text for their parameters, and open nothing. */
import * as v from 'valibot'
import { expect } from 'vitest'
import { defineProviderPlugin, type ProviderPlugin } from '@bttkit/interfaces'

/** The parameters of each scheme. */
type Schemes = Readonly<Record<string, readonly string[]>>

function toyPlugin(scheme: string, keys: readonly string[], isLayer: boolean): ProviderPlugin {
  return defineProviderPlugin({
    name: `toy ${scheme}`,
    schemes: [scheme],
    isLayer,
    parameters: Object.fromEntries(keys.map((key) => [key, v.optional(v.string())])),
    open: async () => expect.fail('nothing is opened here'),
  })
}

export function toyPlugins(storage: Schemes, layers: Schemes): Map<string, ProviderPlugin> {
  return new Map([
    ...Object.entries(storage).map(([scheme, keys]) => [scheme, toyPlugin(scheme, keys, false)] as const),
    ...Object.entries(layers).map(([scheme, keys]) => [scheme, toyPlugin(scheme, keys, true)] as const),
  ])
}
