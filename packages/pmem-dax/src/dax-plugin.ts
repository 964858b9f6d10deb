import { ProviderUrlError, type ProviderLocation, type ProviderPlugin } from '@bttkit/interfaces'
import { DaxProvider } from './dax-provider.ts'
import { DAX_SCHEME } from './dax-share.ts'
import type { Persistence } from './persistence.ts'

/** The method that the URL asks for; undefined where it leaves that to the file. */
function persistIn({ parameters, url }: ProviderLocation): Persistence | undefined {
  for (const key of parameters.keys()) {
    if (key !== 'persist')
      throw new ProviderUrlError({ image: url }, `a mapped file has no parameter '${key}', only 'persist'`)
  }
  const persist = parameters.get('persist')
  if (persist === undefined || persist === 'libpmem' || persist === 'msync') return persist
  throw new ProviderUrlError({ image: url }, `'persist' is 'libpmem' or 'msync', not '${persist}'`)
}

/** `dax:/mnt/pmem/disk.img?persist=libpmem`: files that are mapped, on DAX or not. `persist` is `libpmem` or `msync`. */
export const daxPlugin: ProviderPlugin = {
  name: 'dax',
  schemes: [DAX_SCHEME],
  async open(location, { readOnly, createSizeBytes }) {
    const persist = persistIn(location)
    if (location.path === '') throw new ProviderUrlError({ image: location.url }, 'names no file')
    return DaxProvider.open(location.path, {
      readOnly,
      ...(persist === undefined ? {} : { persist }),
      ...(createSizeBytes === undefined ? {} : { createSizeBytes }),
    })
  },
  async join(share) {
    return DaxProvider.join(share)
  },
}
