/**
 * Lanes that are spinlocks: whoever holds one may be preempted, but must not sleep. A kernel finds such a holder by chance, when the processor that
 * spins for the lock never gets it; here each one is found.
 */
import { WouldSleepError, type Sleepable, type Wait } from '@bttkit/interfaces'
import type { LaneSection } from './lane-section.ts'

/** What sleeps, when a wait does. To be preempted is no sleep, and for a lock or a reader a kernel spins. */
function sleeperOf({ on, isPreemption }: Wait): string | undefined {
  if (isPreemption === true) return undefined
  if (on === undefined) return 'a storage call'
  return on.object === 'provider' ? `a ${on.kind}` : undefined
}

function refusal(section: LaneSection, sleeper: string): WouldSleepError {
  return new WouldSleepError(
    { image: section.attachment.storage.name, lane: section.lane },
    `the lane is held by a spinlock, and ${sleeper} sleeps here; use a lane table whose holder may sleep (mutex)`,
  )
}

function* awake(section: LaneSection, operation: Sleepable<void>): Sleepable<void> {
  try {
    let step = operation.next()
    while (step.done !== true) {
      let error: unknown
      let hasFailed = false
      try {
        yield step.value
        const sleeper = section.isHeld ? sleeperOf(step.value) : undefined
        if (sleeper !== undefined) throw refusal(section, sleeper)
      } catch (failure) {
        error = failure
        hasFailed = true
      }
      step = hasFailed ? operation.throw(error) : operation.next()
    }
  } finally {
    operation.return()
  }
}

/**
 * The operation, ended where it sleeps in its section although the holder of a lane must not; where the holder may, the operation itself.
 *
 * What sleeps is let finish first, so that nothing is under way when the section is left. A write that sleeps before its first flog store changes nothing; from there
 * on it has failed half-way, as with any other failure.
 *
 * @throws {WouldSleepError} (when driven) at the first sleep, thrown into the operation, which gives back what it holds.
 */
export function withoutSleepWhileHeld(section: LaneSection, operation: Sleepable<void>): Sleepable<void> {
  return section.attachment.lanes.atomicWhileHeld ? awake(section, operation) : operation
}
