import { defineProviderPlugin, ProviderUrlError } from '@bttkit/interfaces'
import * as v from 'valibot'
import { layOver } from './lay-over.ts'
import { layerHandleOf } from './layer-share.ts'
import { byteCount } from './number-schemas.ts'
import { OFFSET_SCHEME, OffsetLayer } from './offset-layer.ts'

/** `offset:IMAGE?windowOffset=1MiB&windowSize=64MiB`: the first is needed. The image has to exist: which size it should have, a window cannot tell. */
export const offsetPlugin = defineProviderPlugin({
  name: 'offset layer',
  schemes: [OFFSET_SCHEME],
  isLayer: true,
  parameters: { windowOffset: byteCount(), windowSize: v.optional(byteCount()) },
  async open({ values, url }, { createSizeBytes }, host) {
    if (createSizeBytes !== undefined) {
      const detail = 'a window is of storage that exists; make that first, without a size here'
      throw new ProviderUrlError({ image: url }, detail)
    }
    const { windowOffset: offset, windowSize: size } = values
    const options = size === undefined ? { offset } : { offset, size }
    return layOver(await host.openInner(), url, (inner) => new OffsetLayer(inner, options))
  },
  async join(share, { joinInner }) {
    const { inner, options } = layerHandleOf(share, OFFSET_SCHEME)
    const { offset, size } = options
    if (offset === undefined || size === undefined) {
      throw new TypeError(`a share of '${OFFSET_SCHEME}:' has an offset and a size`)
    }
    return layOver(await joinInner(inner), undefined, (joined) => new OffsetLayer(joined, { offset, size }))
  },
})
