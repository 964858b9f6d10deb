import { WouldSleepError } from '@bttkit/interfaces'

/**
 * The might-sleep guard: operations say at their entry that they may sleep, whether or not this time they would, so
 * that a caller who must not sleep is found on the first run and not on the first contention.
 *
 * One flag a thread: `runAtomic` drives its operation to the end before it returns, so nothing else can be current.
 */

let atomicDepth = 0

/** Whether the code that runs now must not sleep. */
export function inAtomicContext(): boolean {
  return atomicDepth > 0
}

/**
 * Declares that the caller may sleep.
 *
 * @throws {WouldSleepError} when the current context must not, contended or not.
 */
export function mightSleep(image: string, what: string): void {
  if (atomicDepth > 0) {
    throw new WouldSleepError({ image }, `${what} may sleep; use the asynchronous or the blocking form`)
  }
}

/** Runs `body` in a context that must not sleep. */
export function withoutSleeping<T>(body: () => T): T {
  atomicDepth++
  try {
    return body()
  } finally {
    atomicDepth--
  }
}
