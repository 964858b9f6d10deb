/** The engine over the lanes of a setting, for checkers that bring storage of their own. */
import { BttEngine } from '@bttkit/btt'
import type { Engine, Zeroing } from '@bttkit/interfaces'
import { partsByName, type ExploredLaneSetting, type MakeParts } from './explored-program.ts'

/** The hints of lanes are the engine's own. */
export type EngineLanes = Omit<ExploredLaneSetting, 'hints'>

export interface LaneEngineOptions {
  /** Called for each attachment. Default: by the name of the lane table, see `partsByName` */
  readonly makeParts?: MakeParts | undefined
  /** Where the BTT of all storage begins, in bytes. Default: probe. */
  readonly namespaceOffset?: number | undefined
  /** Default: by flags, as on an `ExploredImage`. */
  readonly zeroing?: Zeroing | undefined
}

/** An engine that attaches with these lanes, also those that do not keep tasks apart. */
export function engineWithLanes(
  lanes: EngineLanes,
  { makeParts = partsByName, namespaceOffset, zeroing = 'flags' }: LaneEngineOptions = {},
): Engine {
  const { laneCount, policy } = lanes
  const setting = {
    namespaceOffset,
    laneCount,
    lanePolicy: policy,
    zeroing,
    // Each look at the map is a call on the storage, and so a step of its own.
    mapCacheBytes: 0,
    allowUnsafeLanes: true,
  }
  const engine = (): BttEngine => new BttEngine(makeParts(lanes))
  return {
    attach: (provider, options) => engine().attach(provider, { ...setting, ...options }),
    join: (provider, share) => engine().join(provider, share),
    create: (provider, options) => engine().create(provider, options),
  }
}
