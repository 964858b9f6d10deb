import { defineProviderPlugin } from '@bttkit/interfaces'
import * as v from 'valibot'
import { DELAY_SCHEME, DelayLayer } from './delay-layer.ts'
import { layOver } from './lay-over.ts'
import { layerHandleOf } from './layer-share.ts'
import { wholeNumber } from './number-schemas.ts'
import { LONGEST_DELAY_MS } from './sleep-then.ts'

const delayMs = v.optional(wholeNumber({ highest: LONGEST_DELAY_MS }), 0)

/** `delay:IMAGE?readDelayMs=1&writeDelayMs=2&flushDelayMs=3`: each 0 where it is absent. */
export const delayPlugin = defineProviderPlugin({
  name: 'delay layer',
  schemes: [DELAY_SCHEME],
  isLayer: true,
  parameters: { readDelayMs: delayMs, writeDelayMs: delayMs, flushDelayMs: delayMs },
  async open({ values, url }, _options, host) {
    return layOver(await host.openInner(), url, (inner) => new DelayLayer(inner, values))
  },
  async join(share, { joinInner }) {
    const { inner, options } = layerHandleOf(share, DELAY_SCHEME)
    return layOver(await joinInner(inner), undefined, (joined) => new DelayLayer(joined, options))
  },
})
