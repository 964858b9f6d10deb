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

/**
 * Lanes that are not safe are let in: that they are not is for the checks to find. The map is not cached, so that all that an operation does is done on the storage; checks of the cache ask
 * for one.
 */
export function subjectOf(injection: Injection = RIGHT_PARTS): Subject {
  const { makeParts, over = (provider) => provider } = injection
  const engine = (): BttEngine => new BttEngine(makeParts())
  return {
    makeParts: () => ({ ...makeParts(), storage: over }),
    engine: {
      attach: (provider, options) =>
        engine().attach(over(provider), { mapCacheBytes: 0, ...options, allowUnsafeLanes: true }),
      create: (provider, options) => engine().create(over(provider), options),
      join: (provider, share) => engine().join(over(provider), share),
    },
  }
}
