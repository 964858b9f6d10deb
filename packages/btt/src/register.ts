import {
  ENGINE,
  LANE_TABLE_FACTORY,
  LOCK_TABLE_FACTORY,
  READ_TRACKING_FACTORY,
  type Engine,
  type Registry,
} from '@bttkit/interfaces'
import { BttEngine } from './engine.ts'

/** Registers the engine, with whatever lanes, locks and read tracking are registered when it is resolved. */
export function registerBttEngine(registry: Registry): void {
  registry.register<Engine>(ENGINE, {
    useFactory: (resolver) =>
      new BttEngine({
        laneTable: resolver.resolve(LANE_TABLE_FACTORY),
        lockTable: resolver.resolve(LOCK_TABLE_FACTORY),
        readTracking: resolver.resolve(READ_TRACKING_FACTORY),
      }),
  })
}
