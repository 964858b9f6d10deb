import * as v from 'valibot'
import {
  defineProviderPlugin,
  parseSize,
  ProviderOpenError,
  ProviderUrlError,
  type ProviderOpenOptions,
} from '@bttkit/interfaces'
import { MemoryProvider } from './memory-provider.ts'
import { MEMORY_SCHEME } from './memory-share.ts'

const NO_SIZE = 'a size is a whole number of bytes, or a text such as 64MiB'

const sizeSchema = v.pipe(
  v.union([v.string(), v.number()], NO_SIZE),
  v.transform((size) => (typeof size === 'number' ? size : parseSize(size))),
  v.custom<number>((size) => Number.isSafeInteger(size) && Number(size) >= 0, NO_SIZE),
)

function sizeOf(
  named: number | undefined,
  { createSizeBytes }: ProviderOpenOptions,
  place: { image: string },
): number {
  const size = named ?? createSizeBytes
  if (size === undefined)
    throw new ProviderUrlError(place, "a memory needs its size, as in 'mem:?size=64MiB'")
  if (createSizeBytes !== undefined && createSizeBytes !== size) {
    throw new ProviderUrlError(place, `asked for ${createSizeBytes} bytes, and for ${size} in the URL`)
  }
  return size
}

/**
 * `mem:?size=64MiB`: memory that is made at the opening, full of zeros. A path, as in `mem:scratch?size=1MiB`, is a
 * name for messages; opening it twice makes two memories. Opened for threads it can be shared with them.
 */
export const providerPlugin = defineProviderPlugin({
  name: 'memory',
  schemes: [MEMORY_SCHEME],
  parameters: { size: v.optional(sizeSchema) },
  async open({ values, url }, options) {
    const place = { image: url }
    const size = sizeOf(values.size, options, place)
    const { readOnly, threads = false } = options
    try {
      return new MemoryProvider({ size, readOnly, shared: threads }, url)
    } catch (cause) {
      throw new ProviderOpenError(place, `${size} bytes of memory cannot be had (ENOMEM)`, 'ENOMEM', {
        cause,
      })
    }
  },
  async join(share) {
    return MemoryProvider.join(share)
  },
})
