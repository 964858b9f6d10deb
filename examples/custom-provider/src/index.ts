import { defineProviderPlugin, parseSize, ProviderUrlError } from '@bttkit/interfaces'
import * as v from 'valibot'
import { ChunkProvider } from './chunk-provider.js'
import { chunkBytesSchema } from './log-file.js'

export { ChunkProvider, type ChunkProviderOptions } from './chunk-provider.js'

/** A URL has text and a program may give a number; both come out as a number. */
const chunk = v.pipe(v.union([v.number(), v.pipe(v.string(), v.transform(parseSize))]), chunkBytesSchema)

const level = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.digits('is no number'), v.transform(Number))]),
  v.integer(),
  v.minValue(0, 'is below 0'),
  v.maxValue(9, 'is above 9'),
)

/** `chunks:disk.chunks?chunk=64KiB&level=1`: an image that is a folder, compressed. `chunk` is for images that are made. */
export const providerPlugin = defineProviderPlugin({
  name: 'chunks',
  schemes: ['chunks'],
  parameters: { chunk: v.optional(chunk, 65_536), level: v.optional(level, 1) },
  async open({ path, url, values }, { readOnly, createSizeBytes }) {
    if (path === '') throw new ProviderUrlError({ image: url }, 'names no folder')
    return new ChunkProvider(path, {
      readOnly,
      createSizeBytes,
      chunkBytes: values.chunk,
      level: values.level,
    })
  },
})
