import * as v from 'valibot'
import { defineProviderPlugin, ProviderUrlError } from '@bttkit/interfaces'
import { FileProvider } from './file-provider.ts'
import { FILE_SCHEME } from './shared-file.ts'

/** `file:disk.img?flush=blocking`: ordinary files and block devices. Without `flush` whoever opens the file decides. */
export const providerPlugin = defineProviderPlugin({
  name: 'file',
  schemes: [FILE_SCHEME],
  parameters: { flush: v.optional(v.picklist(['blocking', 'async'])) },
  async open({ path, values, url }, options) {
    if (path === '') throw new ProviderUrlError({ image: url }, 'names no file')
    const { readOnly, createSizeBytes } = options
    const blocking = values.flush === undefined ? options.blocking === true : values.flush === 'blocking'
    return FileProvider.open(path, {
      readOnly,
      blocking,
      ...(createSizeBytes === undefined ? {} : { createSizeBytes }),
    })
  },
  async join(share) {
    return FileProvider.join(share)
  },
})
