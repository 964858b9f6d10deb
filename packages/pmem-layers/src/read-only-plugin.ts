import { defineProviderPlugin, ReadOnlyError } from '@bttkit/interfaces'
import { layerHandleOf } from './layer-share.ts'
import { READ_ONLY_SCHEME, ReadOnlyLayer } from './read-only-layer.ts'

/** `read-only:IMAGE`: has no parameters of its own. */
export const readOnlyPlugin = defineProviderPlugin({
  name: 'read-only layer',
  schemes: [READ_ONLY_SCHEME],
  isLayer: true,
  parameters: {},
  async open({ url }, { createSizeBytes }, host) {
    if (createSizeBytes !== undefined)
      throw new ReadOnlyError({ image: url }, 'what is only read cannot be made; make it without this layer')
    return new ReadOnlyLayer(await host.openInner({ readOnly: true }))
  },
  async join(share, { joinInner }) {
    const { inner } = layerHandleOf(share, READ_ONLY_SCHEME)
    return new ReadOnlyLayer(await joinInner(inner))
  },
})
