import type { Sleepable } from '@bttkit/interfaces'
import type { Access } from './explore-access.ts'

/** Whoever runs outside of all tasks: what is done before their first step and after their last. */
export const NOBODY = -1

/**
 * Takes down what each step touches.
 *
 * The explorer takes down by itself what a task waited for (`Wait.on`) when it goes on. Whatever else tasks share must be told here in the step that
 * touches it: an access that nobody tells of makes schedules disappear that may be the ones that matter. To tell of too much only costs time.
 */
export class StepRecorder {
  /** The number of the task that runs. */
  task = NOBODY
  /** How many steps have begun. */
  step = 0
  private touched: Access[] = []
  private readonly occupied = new Map<number, Access[]>()

  /** The running step touches this. */
  touch(access: Access): void {
    this.touched.push(access)
  }

  /** The running step touches this, and so does every later one of its task, up to that which calls `vacate` for it. */
  occupy(access: Access): void {
    this.touch(access)
    this.occupied.set(this.task, [...(this.occupied.get(this.task) ?? []), access])
  }

  vacate({ object, start }: Pick<Access, 'object' | 'start'>): void {
    const left = this.occupied.get(this.task)?.filter((one) => one.object !== object || one.start !== start)
    this.occupied.set(this.task, left ?? [])
  }

  /** For the explorer: begins a step of a task. */
  begin(task: number): void {
    this.task = task
    this.step++
    this.touched = [...(this.occupied.get(task) ?? [])]
  }

  /** For the explorer: ends the step, and says what it touched. */
  end(): readonly Access[] {
    const { touched } = this
    this.task = NOBODY
    this.touched = []
    return touched
  }
}

/** One run of a scenario, from a fresh state on. */
export interface Program {
  /** The operations, up to `MOST_TASKS`. Each of their waits must have `ready`: nothing here turns the event loop during a run. */
  readonly tasks: readonly { readonly name: string; readonly operation: Sleepable<unknown> }[]
  /**
   * Called when all operations have returned: says what is wrong then. Its answer must be the same for runs that differ in the order of independent steps
   * only, because only one of them is made.
   */
  check(): string | undefined
  /** Called once at the end of each run, wherever it ended. */
  dispose?(): void
}

/** A bounded program to be run under all schedules. */
export interface Scenario {
  readonly name: string
  /** Sets up a run. Each must behave the same under the same schedule. */
  make(recorder: StepRecorder): Program
}
