import { InvariantError, type Sleepable, type Wait, type WaitSubject } from '@bttkit/interfaces'

/** A scheduling point: a wait that is over already. Whoever drives the operation may run others first. */
export function preemptionPoint(on: WaitSubject): Wait {
  return {
    on,
    isPreemption: true,
    ready: () => true,
    block: () => {},
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) => Promise.resolve().then(...callbacks),
  }
}

export type TaskState = 'runnable' | 'waiting' | 'done' | 'failed'

/** One operation under a scheduler. */
export class ScheduledTask<T = unknown> {
  readonly name: string
  /** What it waits for at present, or would do next; absent when it has ended. */
  wait: Wait | undefined
  result: T | undefined
  error: unknown
  private ended: 'done' | 'failed' | undefined
  private settlement: 'fulfilled' | 'rejected' | undefined
  private rejection: unknown
  private readonly operation: Sleepable<T>

  constructor(name: string, operation: Sleepable<T>) {
    this.name = name
    this.operation = operation
  }

  get state(): TaskState {
    if (this.ended !== undefined) return this.ended
    if (this.wait === undefined || this.settlement !== undefined) return 'runnable'
    return this.wait.ready?.() === true ? 'runnable' : 'waiting'
  }

  /** Continues to the next wait or the end. */
  resume(): void {
    if (this.state !== 'runnable') {
      throw new InvariantError({}, `task ${this.name} was continued while it is ${this.state}`)
    }
    this.hearHowItEnded()
    try {
      const step =
        this.settlement === 'rejected' ? this.operation.throw(this.rejection) : this.operation.next()
      if (step.done === true) this.finish(step.value)
      else this.waitFor(step.value)
    } catch (error) {
      this.wait = undefined
      this.ended = 'failed'
      this.error = error
    }
  }

  /** A wait that knows by itself when it is over has told nobody yet whether it failed; `block` says it at once. */
  private hearHowItEnded(): void {
    if (this.settlement !== undefined || this.wait?.block === undefined) return
    try {
      this.wait.block()
    } catch (error) {
      this.settlement = 'rejected'
      this.rejection = error
    }
  }

  private finish(result: T): void {
    this.wait = undefined
    this.ended = 'done'
    this.result = result
  }

  private waitFor(wait: Wait): void {
    this.wait = wait
    this.settlement = undefined
    if (wait.ready !== undefined) return
    void wait.then(
      () => {
        if (this.wait === wait) this.settlement = 'fulfilled'
      },
      (error: unknown) => {
        if (this.wait !== wait) return
        this.settlement = 'rejected'
        this.rejection = error
      },
    )
  }
}

/**
 * Runs many operations side by side, one step at a time; the caller decides which one continues.
 *
 * A step runs from one wait to the next. Nothing runs by itself: between two steps all operations stand still. Waits that
 * know when they are over (`ready`) need no event loop; for the others `settle` lets promises go on.
 */
export class Scheduler {
  readonly tasks: ScheduledTask[] = []

  add<T>(name: string, operation: Sleepable<T>): ScheduledTask<T> {
    const task = new ScheduledTask(name, operation)
    this.tasks.push(task)
    return task
  }

  /** The tasks that can continue now, in the order they were added. */
  runnable(): ScheduledTask[] {
    return this.tasks.filter((task) => task.state === 'runnable')
  }

  /** Whether every task has ended. */
  finished(): boolean {
    return this.tasks.every((task) => task.state === 'done' || task.state === 'failed')
  }

  /** Lets the event loop turn once, so that waits without `ready` can end. */
  async settle(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }

  /**
   * Runs all tasks to their ends, each step being that of the task that `choose` returns.
   *
   * @throws {InvariantError} when tasks are left and none can continue after `idleTurns` turns of the event loop: a deadlock.
   */
  async run(choose: (runnable: readonly ScheduledTask[]) => ScheduledTask, idleTurns = 1000): Promise<void> {
    let idle = 0
    while (!this.finished()) {
      const runnable = this.runnable()
      if (runnable.length > 0) {
        idle = 0
        choose(runnable).resume()
      } else if (idle++ < idleTurns) {
        await this.settle()
      } else {
        const stuck = this.tasks.filter((task) => task.state === 'waiting').map((task) => task.name)
        throw new InvariantError({}, `deadlock: ${stuck.join(', ')} wait for each other`)
      }
    }
  }
}
