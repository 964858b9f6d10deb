import type { Sleepable, ThreadPlace } from '@bttkit/interfaces'
import type { ThreadRegistry } from '@bttkit/region-lanes'
import type { DeadThreadRecovery } from './recover-dead-thread.ts'

/** This thread among those that share a device. */
export class DeviceThread implements ThreadPlace {
  readonly number: number
  readonly registry: ThreadRegistry
  /** Set when the device is composed; until then nobody can have died. */
  recovery: DeadThreadRecovery | undefined

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
