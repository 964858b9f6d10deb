/**
 * The waiters of one or several locks, first in, first out, for the tasks of one thread.
 *
 * Invariants:
 * - Who stands in the queue waits and has been handed nothing. One who is handed a lock, or goes away, leaves it at once, from wherever it stands.
 * - A lock that was handed over is the waiter's. One who is ended before it runs with it gives it back.
 *
 * async-mutex wakes them: each waiter has asked a semaphore of its own, which starts without a permit and gets one with the lock. A
 * semaphore for all could let nobody go: an entry stays in it until a permit comes to it.
 */
import { Semaphore } from 'async-mutex'
import { InvariantError, type LaneWaitOptions, type Sleepable, type WaitSubject } from '@bttkit/interfaces'
import { cancelIfAborted, limitedWait, nameOf, timedOut, type LimitedWait } from './limited-wait.ts'

/** A place in the queue. */
interface Place {
  readonly gate: Semaphore
  /** The lock that was handed to this waiter. */
  index: number | undefined
  before: Place | undefined
  after: Place | undefined
}

export class WaitQueue {
  private first: Place | undefined
  private last: Place | undefined

  /** Hands a lock to the first waiter. False when there is none. */
  handOver(index: number): boolean {
    const place = this.first
    if (place === undefined) return false
    this.remove(place)
    place.index = index
    place.gate.release()
    return true
  }

  /**
   * Waits until a lock is handed over, and returns it.
   *
   * @param giveBack gets the lock of a waiter that is ended after that
   * @throws {WaitCancelledError} {WaitTimedOutError} as the options say
   */
  *take(on: WaitSubject, options: LaneWaitOptions, giveBack: (index: number) => void): Sleepable<number> {
    if (options.limitMs === 0) throw timedOut(nameOf(on))
    const place = this.append()
    const ready = (): boolean => place.index !== undefined
    const wait = limitedWait(Object.assign(place.gate.acquire(), { on, ready }), options, nameOf(on))
    let isTaken = false
    try {
      yield wait
      cancelIfAborted(options, nameOf(on))
      const index = handedTo(place, wait)
      isTaken = true
      return index
    } finally {
      wait.close()
      if (place.index === undefined) this.remove(place)
      else if (!isTaken) giveBack(place.index)
    }
  }

  private append(): Place {
    const place: Place = { gate: new Semaphore(0), index: undefined, before: this.last, after: undefined }
    if (this.last === undefined) this.first = place
    else this.last.after = place
    this.last = place
    return place
  }

  private remove({ before, after }: Place): void {
    if (before === undefined) this.first = after
    else before.after = after
    if (after === undefined) this.last = before
    else after.before = before
  }
}

/** The lock of a waiter that goes on. @throws {WaitTimedOutError} when it goes on without one because its time is over */
function handedTo({ index }: Place, wait: LimitedWait): number {
  if (index !== undefined) return index
  wait.throwIfOver()
  throw new InvariantError({}, 'a waiter was continued before a lock was handed to it')
}
