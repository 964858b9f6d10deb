import { openInnerImage, type ProviderPlugin } from '@bttkit/interfaces'
import { DELAY_SCHEME, DelayLayer } from './delay-layer.ts'
import { checkedBy, layOver, numberIn } from './layer-location.ts'
import { layerHandleOf } from './layer-share.ts'

const PARAMETERS = ['readDelayMs', 'writeDelayMs', 'flushDelayMs'] as const

/** `delay:IMAGE?readDelayMs=1&writeDelayMs=2&flushDelayMs=3`: each 0 where it is absent. */
export const delayPlugin: ProviderPlugin = {
  name: 'delay layer',
  schemes: [DELAY_SCHEME],
  async open(location, options) {
    const delays = Object.fromEntries(PARAMETERS.map((key) => [key, numberIn(location, key) ?? 0]))
    const inner = await openInnerImage(location, options, PARAMETERS)
    return layOver(inner, () => checkedBy(location, () => new DelayLayer(inner, delays)))
  },
  async join(share, { joinInner }) {
    const { inner, options } = layerHandleOf(share, DELAY_SCHEME)
    return layOver(await joinInner(inner), (joined) => new DelayLayer(joined, options))
  },
}
