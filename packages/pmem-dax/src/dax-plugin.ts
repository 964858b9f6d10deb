import * as v from 'valibot'
import { defineProviderPlugin, ProviderUrlError } from '@bttkit/interfaces'
import { DaxProvider } from './dax-provider.ts'
import { DAX_SCHEME } from './dax-share.ts'

/**
 * `dax:/mnt/pmem/disk.img?persist=libpmem`: files and devices that are mapped, on DAX or not. `persist` is `libpmem` or `msync`; without it the
 * provider chooses.
 */
export const providerPlugin = defineProviderPlugin({
  name: 'dax',
  schemes: [DAX_SCHEME],
  parameters: { persist: v.optional(v.picklist(['libpmem', 'msync'], "is 'libpmem' or 'msync'")) },
  async open({ path, url, values: { persist } }, { readOnly, createSizeBytes }) {
    if (path === '') throw new ProviderUrlError({ image: url }, 'names no file')
    return DaxProvider.open(path, {
      readOnly,
      ...(persist === undefined ? {} : { persist }),
      ...(createSizeBytes === undefined ? {} : { createSizeBytes }),
    })
  },
  async join(share) {
    return DaxProvider.join(share)
  },
})
