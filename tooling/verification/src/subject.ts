/** What the checks check: the engine, with the lanes, locks and read tracking that it is composed of. */
import { BttEngine } from '@bttkit/btt'
import type { ExploredParts } from '@bttkit/checker-lanes'
import type { Engine } from '@bttkit/interfaces'
import { RIGHT_PARTS, type Injection } from './mutants/injected-mutants.ts'

export interface Subject {
  readonly engine: Engine
  /** Called for each run of a scenario. */
  readonly makeParts: () => ExploredParts
}

/** Lanes that are not safe are let in: that they are not is for the checks to find. Zeroing is by flags, where a check does not say otherwise: by data it is made of writes. The map is not cached, where a check does not ask for it. */
export function subjectOf(injection: Injection = RIGHT_PARTS): Subject {
  const { makeParts, over = (provider) => provider } = injection
  const engine = (): BttEngine => new BttEngine(makeParts())
  return {
    makeParts: () => ({ ...makeParts(), storage: over }),
    engine: {
      attach: (provider, options) =>
        engine().attach(over(provider), {
          mapCacheBytes: 0,
          zeroing: 'flags',
          ...options,
          allowUnsafeLanes: true,
        }),
      create: (provider, options) => engine().create(over(provider), options),
      join: (provider, share) => engine().join(over(provider), share),
    },
  }
}
