import type { Sleepable, ThreadPlace } from '@bttkit/interfaces'
import { ThreadRegistry } from '@bttkit/region-lanes'
import type { EngineParts } from './compose.ts'
import type { DeadThreadRecovery } from './recover-dead-thread.ts'
import type { VolatileState } from './volatile-state.ts'

/** This thread among those that share a device. */
export class DeviceThread implements ThreadPlace {
  readonly number: number
  readonly registry: ThreadRegistry
  /** Set when the device is composed; until then nobody can have died. */
  recovery: DeadThreadRecovery | undefined

  /**
   * Enters this thread among those that share a device.
   *
   * @throws {LaneMisuseError} when there are too many threads.
   */
  static enter({ threadRegistry }: EngineParts, { threads }: VolatileState): DeviceThread {
    return new DeviceThread(threadRegistry?.(threads) ?? new ThreadRegistry(threads))
  }

  /** @throws {LaneMisuseError} when there are too many threads. */
  constructor(registry: ThreadRegistry, number: number = registry.join()) {
    this.registry = registry
    this.number = number
  }

  *recoverDead(): Sleepable<void> {
    if (this.recovery !== undefined) yield* this.recovery.run()
  }

  /** The number may be another thread's from now on. Only when nothing is held any more. */
  leave(): void {
    this.registry.leave(this.number)
  }
}
