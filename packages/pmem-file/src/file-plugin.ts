import { ProviderUrlError, type ProviderLocation, type ProviderPlugin } from '@bttkit/interfaces'
import { FileProvider } from './file-provider.ts'
import { FILE_SCHEME } from './shared-file.ts'

/** Whether the URL asks for blocking flushes; undefined where it leaves that to whoever opens it. */
function blockingIn({ parameters, url }: ProviderLocation): boolean | undefined {
  for (const key of parameters.keys()) {
    if (key !== 'flush')
      throw new ProviderUrlError({ image: url }, `a file has no parameter '${key}', only 'flush'`)
  }
  const flush = parameters.get('flush')
  if (flush === undefined) return undefined
  if (flush !== 'blocking' && flush !== 'async') {
    throw new ProviderUrlError({ image: url }, `'flush' is 'blocking' or 'async', not '${flush}'`)
  }
  return flush === 'blocking'
}

/** `file:disk.img?flush=blocking`: ordinary files and block devices. `flush` is `blocking` or `async`. */
export const filePlugin: ProviderPlugin = {
  name: 'file',
  schemes: [FILE_SCHEME],
  async open(location, options) {
    const blocking = blockingIn(location) ?? options.blocking ?? false
    if (location.path === '') throw new ProviderUrlError({ image: location.url }, 'names no file')
    const { readOnly, createSizeBytes } = options
    return FileProvider.open(location.path, {
      readOnly,
      blocking,
      ...(createSizeBytes === undefined ? {} : { createSizeBytes }),
    })
  },
  async join(share) {
    return FileProvider.join(share)
  },
}
