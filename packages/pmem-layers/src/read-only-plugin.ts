import { openInnerImage, type ProviderPlugin } from '@bttkit/interfaces'
import { layerHandleOf } from './layer-share.ts'
import { READ_ONLY_SCHEME, ReadOnlyLayer } from './read-only-layer.ts'

/** `read-only:IMAGE`: has no parameters of its own. */
export const readOnlyPlugin: ProviderPlugin = {
  name: 'read-only layer',
  schemes: [READ_ONLY_SCHEME],
  async open(location, options) {
    return new ReadOnlyLayer(await openInnerImage(location, options, []))
  },
  async join(share, { joinInner }) {
    const { inner } = layerHandleOf(share, READ_ONLY_SCHEME)
    return new ReadOnlyLayer(await joinInner(inner))
  },
}
