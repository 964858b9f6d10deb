import { InvariantError, WouldSleepError, type Sleepable, type Wait } from '@bttkit/interfaces'
import { withoutSleeping } from './atomic-context.ts'
import { leaveWait } from './leave-wait.ts'

const advice = 'use the asynchronous or the blocking form'

/** What a wait means to a caller who cannot wait. A lock that is held is an answer; a provider that waits has broken its word. */
function refusal(wait: Wait): Error {
  const subject = wait.on
  if (subject === undefined || subject.object === 'provider') {
    return new InvariantError({}, 'a provider that promised not to wait did')
  }
  const { object, start, end } = subject
  const inUse = end - start === 1 ? `${object} ${start}` : `every ${object}`
  return new WouldSleepError({}, `${inUse} is in use; ${advice}`)
}

/**
 * Runs an operation that must not wait, to its end.
 *
 * An operation that declares itself with `mightSleep` is refused at its entry. One that meets a lock or lane in use
 * is ended there, by an error thrown into it at the wait, so that it gives back what it holds; it stores nothing
 * before such a wait. A wait anywhere else is a defect.
 *
 * @throws {WouldSleepError} when it would have had to wait; nothing was stored.
 * @throws {InvariantError} when it waited where it promised not to.
 */
export function runAtomic<T>(operation: Sleepable<T>): T {
  return withoutSleeping(() => {
    const first = operation.next()
    if (first.done === true) return first.value
    leaveWait(first.value)
    const error = refusal(first.value)
    const after = operation.throw(error)
    if (after.done === true) return after.value
    throw new InvariantError({}, 'an operation that was refused a wait went on to wait', { cause: error })
  })
}
