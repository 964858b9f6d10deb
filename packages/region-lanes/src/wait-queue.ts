import { Semaphore } from 'async-mutex'
import { InvariantError, type Sleepable, type Wait, type WaitSubject } from '@bttkit/interfaces'

/** A place in the queue. */
interface Ticket {
  /** The lock that was handed to this waiter. */
  index: number | undefined
  /** The waiter went away before a lock was handed to it. */
  abandoned: boolean
}

/**
 * The waiters of one or several locks, first in, first out, for the tasks of one thread.
 *
 * async-mutex wakes them: each waiter has asked its semaphore, which starts with no permits, and a permit is given for each
 * lock handed over. The tickets stand in the same order and say which lock it is; they also let a waiter go away, which
 * a semaphore cannot: a permit spent on one who went wakes nobody, and the next ticket gets another.
 */
export class WaitQueue {
  private readonly permits = new Semaphore(0)
  private readonly tickets: Ticket[] = []

  /** Hands a lock to the first waiter. False when there is none. */
  handOver(index: number): boolean {
    for (;;) {
      const ticket = this.tickets.shift()
      if (ticket === undefined) return false
      this.permits.release()
      if (ticket.abandoned) continue
      ticket.index = index
      return true
    }
  }

  /** Waits until a lock is handed over, and returns it. `giveBack` gets the lock of a waiter that is ended after that. */
  *take(on: WaitSubject, giveBack: (index: number) => void): Sleepable<number> {
    const ticket: Ticket = { index: undefined, abandoned: false }
    this.tickets.push(ticket)
    const wait: Wait = Object.assign(this.permits.acquire(), { on, ready: () => ticket.index !== undefined })
    let resumed = false
    try {
      yield wait
      resumed = true
    } finally {
      if (ticket.index === undefined) ticket.abandoned = true
      else if (!resumed) giveBack(ticket.index)
    }
    if (ticket.index === undefined)
      throw new InvariantError({}, 'a waiter was continued before a lock was handed to it')
    return ticket.index
  }
}
