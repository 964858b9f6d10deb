import {
  parseSize,
  ProviderOpenError,
  ProviderUrlError,
  type ProviderLocation,
  type ProviderOpenOptions,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { MemoryProvider } from './memory-provider.ts'

function sizeOf(location: ProviderLocation, options: ProviderOpenOptions): number {
  const place = { image: location.url }
  for (const key of location.parameters.keys()) {
    if (key !== 'size') throw new ProviderUrlError(place, `a memory has no parameter '${key}', only 'size'`)
  }
  const text = location.parameters.get('size')
  const named = text === undefined ? undefined : parseSize(text)
  if (text !== undefined && named === undefined) throw new ProviderUrlError(place, `'${text}' is no size`)
  const size = named ?? options.createSizeBytes
  if (size === undefined)
    throw new ProviderUrlError(place, "a memory needs its size, as in 'mem:?size=64MiB'")
  if (options.createSizeBytes !== undefined && options.createSizeBytes !== size) {
    throw new ProviderUrlError(
      place,
      `asked for ${options.createSizeBytes} bytes, and for ${size} in the URL`,
    )
  }
  return size
}

/**
 * `mem:?size=64MiB`: memory that is made at the opening, full of zeros. A path, as in `mem:scratch?size=1MiB`, is a
 * name for messages; opening it twice makes two memories.
 */
export const memoryPlugin: ProviderPlugin = {
  name: 'memory',
  schemes: ['mem'],
  async open(location, options) {
    const size = sizeOf(location, options)
    try {
      return new MemoryProvider({ size, readOnly: options.readOnly }, location.url)
    } catch (cause) {
      throw new ProviderOpenError(
        { image: location.url },
        `${size} bytes of memory cannot be had (ENOMEM)`,
        'ENOMEM',
        { cause },
      )
    }
  },
}
