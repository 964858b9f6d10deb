import { CannotBlockError, type Sleepable, type Wait } from '@bttkit/interfaces'
import { leaveWait } from './leave-wait.ts'

function block(wait: Wait): void {
  if (wait.block === undefined) {
    leaveWait(wait)
    const what = wait.on === undefined ? 'this wait' : `the wait for ${wait.on.object} ${wait.on.start}`
    throw new CannotBlockError({}, `${what} ends only when the event loop turns; use the asynchronous form`)
  }
  wait.block()
}

/**
 * Runs an operation to its end, waiting on the calling thread.
 *
 * @throws {CannotBlockError} (after the operation gave back what it held) at a wait that only the event loop can end.
 */
export function runBlocking<T>(operation: Sleepable<T>): T {
  let step = operation.next()
  while (step.done !== true) {
    let failure: unknown
    let failed = false
    try {
      block(step.value)
    } catch (error) {
      failure = error
      failed = true
    }
    step = failed ? operation.throw(failure) : operation.next()
  }
  return step.value
}
