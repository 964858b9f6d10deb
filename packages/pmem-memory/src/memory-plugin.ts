import {
  parseSize,
  ProviderOpenError,
  ProviderUrlError,
  type ProviderLocation,
  type ProviderOpenOptions,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { MemoryProvider } from './memory-provider.ts'
import { MEMORY_SCHEME } from './memory-share.ts'

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
 * name for messages; opening it twice makes two memories. Opened for threads it can be shared with them.
 */
export const memoryPlugin: ProviderPlugin = {
  name: 'memory',
  schemes: [MEMORY_SCHEME],
  async open(location, options) {
    const size = sizeOf(location, options)
    const { readOnly, threads = false } = options
    try {
      return new MemoryProvider({ size, readOnly, shared: threads }, location.url)
    } catch (cause) {
      throw new ProviderOpenError(
        { image: location.url },
        `${size} bytes of memory cannot be had (ENOMEM)`,
        'ENOMEM',
        { cause },
      )
    }
  },
  async join(share) {
    return MemoryProvider.join(share)
  },
}
