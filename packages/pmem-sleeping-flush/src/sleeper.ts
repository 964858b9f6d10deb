import type { Wait } from '@bttkit/interfaces'

/** Sleeps that can be awaited or blocked on, until they are no longer wanted. */
export class Sleeper {
  private readonly asleep = new Set<() => void>()
  private isOver = false

  /** A wait of so many milliseconds from when somebody waits for it. */
  sleep(delayMs: number): Wait {
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) => this.untilAwake(delayMs).then(...callbacks),
      block: () => {
        // Nobody else has this word, so the wait ends when its time is over.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs)
      },
    }
  }

  /** Ends all sleeps that are awaited, and those to come when they begin. */
  end(): void {
    this.isOver = true
    for (const wake of this.asleep) wake()
  }

  private untilAwake(delayMs: number): Promise<void> {
    if (this.isOver) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.asleep.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, delayMs)
      this.asleep.add(wake)
    })
  }
}
