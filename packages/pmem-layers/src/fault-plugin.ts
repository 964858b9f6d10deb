import { defineProviderPlugin } from '@bttkit/interfaces'
import * as v from 'valibot'
import { FaultLayer } from './fault-layer.ts'
import { faultsParameter, mediaErrorsParameter } from './fault-schema.ts'
import { layOver } from './lay-over.ts'
import { wholeNumber } from './number-schemas.ts'
import { LARGEST_SEED } from './seeded-random.ts'

/** `fault:IMAGE?faults=write,error,nth=3;flush,crash&mediaErrors=4096+512&faultSeed=7`. Threads cannot have it. */
export const faultPlugin = defineProviderPlugin({
  name: 'fault layer',
  schemes: ['fault'],
  isLayer: true,
  parameters: {
    faults: v.optional(faultsParameter, []),
    mediaErrors: v.optional(mediaErrorsParameter, []),
    faultSeed: v.optional(wholeNumber({ highest: LARGEST_SEED }), 0),
  },
  async open({ values, url }, _options, host) {
    const { faults, mediaErrors, faultSeed: seed } = values
    const options = { faults, mediaErrors, seed }
    return layOver(await host.openInner(), url, (inner) => new FaultLayer(inner, options))
  },
})
