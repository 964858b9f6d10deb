import { openInnerImage, type ProviderLocation, type ProviderPlugin } from '@bttkit/interfaces'
import { FaultLayer, type FaultOptions } from './fault-layer.ts'
import { parseFaults, parseMediaErrors } from './fault-url.ts'
import { checkedBy, layOver, numberIn } from './layer-location.ts'

const PARAMETERS = ['faults', 'mediaErrors', 'faultSeed'] as const

function optionsIn(location: ProviderLocation): FaultOptions {
  const [faults, mediaErrors] = ['faults', 'mediaErrors'].map((key) => location.parameters.get(key))
  return {
    faults: faults === undefined ? [] : parseFaults(faults),
    mediaErrors: mediaErrors === undefined ? [] : parseMediaErrors(mediaErrors),
    seed: numberIn(location, 'faultSeed') ?? 0,
  }
}

/** `fault:IMAGE?faults=write,error,nth=3;flush,crash&mediaErrors=4096+512&faultSeed=7`. Threads cannot have it. */
export const faultPlugin: ProviderPlugin = {
  name: 'fault layer',
  schemes: ['fault'],
  async open(location, options) {
    const faults = checkedBy(location, () => optionsIn(location))
    const inner = await openInnerImage(location, options, PARAMETERS)
    return layOver(inner, () => checkedBy(location, () => new FaultLayer(inner, faults)))
  },
}
