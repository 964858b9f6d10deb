/**
 * The tasks of one thread that wait for one shared word, first in, first out.
 *
 * Invariants:
 * - The first of the line looks at the word, and sleeps on it where it must; the others wait to be first. Nobody of the thread who does not stand
 *   in the line takes what the word is about while somebody does.
 * - Who leaves the line, for whatever reason, calls the next, who looks at once. So there is one on the way to look for as long as anybody
 *   stands in the line, and no wake-up is lost that came while nobody of it slept.
 * - A task that blocks its thread looks from wherever it stands: those before it cannot go on until it does.
 *
 * The first one keeps the process alive and looks for dead threads (word-wait.ts), so the others need not.
 */
import type { LaneWaitOptions, Sleepable, WaitSubject } from '@bttkit/interfaces'
import { cancelIfAborted, limitedWait, nameOf } from './limited-wait.ts'

interface Place {
  call: () => void
  /** Whether its task blocks the thread. */
  blocks: boolean
}

export class ThreadLine {
  /** Whether somebody waits. A plain field: each acquisition asks for it. */
  isOccupied = false
  /** In the order in which they came. */
  private readonly places = new Set<Place>();

  /**
   * Runs `taking`, which takes what the word is about, when all who came before have left.
   *
   * @param options end the wait for that; `taking` has its own
   * @throws {WaitCancelledError} {WaitTimedOutError} as the options say
   */
  *inTurn<T>(on: WaitSubject, options: LaneWaitOptions, taking: Sleepable<T>): Sleepable<T> {
    const place: Place = { call: () => {}, blocks: false }
    this.places.add(place)
    this.isOccupied = true
    try {
      if (!this.mayLook(place)) yield* this.waitToLook(place, on, options)
      return yield* taking
    } finally {
      this.leave(place)
    }
  }

  private *waitToLook(place: Place, on: WaitSubject, options: LaneWaitOptions): Sleepable<void> {
    const called = new Promise<void>((resolve) => {
      place.call = resolve
    })
    const ready = (): boolean => this.mayLook(place)
    const block = (): void => {
      place.blocks = true
    }
    const wait = limitedWait(Object.assign(called, { on, ready, block }), options, nameOf(on))
    try {
      while (!this.mayLook(place)) {
        wait.throwIfOver()
        yield wait
      }
      cancelIfAborted(options, nameOf(on))
    } finally {
      wait.close()
    }
  }

  private mayLook(place: Place): boolean {
    return place.blocks || this.first() === place
  }

  private leave(place: Place): void {
    const wasFirst = this.first() === place
    this.places.delete(place)
    this.isOccupied = this.places.size > 0
    if (wasFirst) this.first()?.call()
  }

  private first(): Place | undefined {
    return this.places.values().next().value
  }
}
