import { openInnerImage, OutOfRangeError, ProviderUrlError, type ProviderPlugin } from '@bttkit/interfaces'
import { layOver, sizeIn } from './layer-location.ts'
import { layerHandleOf } from './layer-share.ts'
import { OFFSET_SCHEME, OffsetLayer } from './offset-layer.ts'

const OFFSET_PARAMETER = 'windowOffset'
const SIZE_PARAMETER = 'windowSize'

/** `offset:IMAGE?windowOffset=1MiB&windowSize=64MiB`: the first is needed. The image has to exist: which size it should have, a window cannot tell. */
export const offsetPlugin: ProviderPlugin = {
  name: 'offset layer',
  schemes: [OFFSET_SCHEME],
  async open(location, options) {
    const place = { image: location.url }
    const offset = sizeIn(location, OFFSET_PARAMETER)
    const size = sizeIn(location, SIZE_PARAMETER)
    if (offset === undefined) throw new ProviderUrlError(place, `a window needs its '${OFFSET_PARAMETER}'`)
    if (options.createSizeBytes !== undefined) {
      throw new ProviderUrlError(
        place,
        'a window is of storage that exists; make that first, without a size here',
      )
    }
    const inner = await openInnerImage(location, options, [OFFSET_PARAMETER, SIZE_PARAMETER])
    return layOver(inner, () => {
      try {
        return new OffsetLayer(inner, { offset, ...(size === undefined ? {} : { size }) })
      } catch (cause) {
        if (!(cause instanceof OutOfRangeError)) throw cause
        throw new ProviderUrlError(place, cause.message, { cause })
      }
    })
  },
  async join(share, { joinInner }) {
    const { inner, options } = layerHandleOf(share, OFFSET_SCHEME)
    const { offset, size } = options
    if (offset === undefined || size === undefined) {
      throw new TypeError(`a share of '${OFFSET_SCHEME}:' has an offset and a size`)
    }
    return layOver(await joinInner(inner), (joined) => new OffsetLayer(joined, { offset, size }))
  },
}
