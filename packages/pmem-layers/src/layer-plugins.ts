import type { ProviderPlugin } from '@bttkit/interfaces'
import { delayPlugin } from './delay-plugin.ts'
import { faultPlugin } from './fault-plugin.ts'
import { offsetPlugin } from './offset-plugin.ts'
import { readOnlyPlugin } from './read-only-plugin.ts'
import { tracePlugin } from './trace-plugin.ts'

/** For a stack: `createStack({ plugins: layerPlugins })`. */
export const layerPlugins: readonly ProviderPlugin[] = [
  readOnlyPlugin,
  offsetPlugin,
  delayPlugin,
  faultPlugin,
  tracePlugin,
]
