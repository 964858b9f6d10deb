import {
  ProviderUrlError,
  type PmemProvider,
  type ProviderOpenOptions,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { layerPlugins } from './index.ts'
import { FullProvider } from './recording-provider.test-support.ts'

export function pluginFor(scheme: string): ProviderPlugin {
  const plugin = layerPlugins.find(({ schemes }) => schemes.includes(scheme))
  if (plugin === undefined) throw new TypeError(`no layer has the scheme ${scheme}`)
  return plugin
}

function checked({ parameters }: ProviderPlugin, given: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(parameters).map(([key, schema]) => {
      const result = schema['~standard'].validate(given[key])
      if (result instanceof Promise) throw new TypeError('a parameter is checked at once')
      if (result.issues === undefined) return [key, result.value]
      throw new ProviderUrlError({ image: 'layer:x' }, result.issues.map(({ message }) => message).join('; '))
    }),
  )
}

/** Opens one layer, as a host does, over a fresh provider; `inner` is there also where the opening fails. */
export function openLayer(
  scheme: string,
  given: Readonly<Record<string, unknown>> = {},
  options: Partial<ProviderOpenOptions> = {},
): { opening: Promise<PmemProvider>; inner: FullProvider; innerOpenings: () => number } {
  const inner = new FullProvider()
  const plugin = pluginFor(scheme)
  let innerOpenings = 0
  const open = async (): Promise<PmemProvider> => {
    const location = { scheme, path: 'x', values: { ...checked(plugin, given) }, url: 'layer:x' }
    return plugin.open(
      location,
      { readOnly: false, ...options },
      {
        openInner: async () => {
          innerOpenings++
          return inner
        },
      },
    )
  }
  return { opening: open(), inner, innerOpenings: () => innerOpenings }
}
