import { InvariantError } from '@bttkit/interfaces'
import { ScheduledTask } from '@bttkit/sleepable'
import type { Access } from './explore-access.ts'
import { MOST_TASKS } from './explore-schedule.ts'
import { NOBODY, StepRecorder, type Program, type Scenario } from './explore-scenario.ts'

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

/** One run of a scenario, step by step. A step goes from one wait of a task to the next. */
export class Execution {
  private readonly recorder = new StepRecorder()
  private readonly program: Program
  private readonly tasks: readonly ScheduledTask[]

  constructor(scenario: Scenario) {
    this.program = scenario.make(this.recorder)
    const count = this.program.tasks.length
    if (count > MOST_TASKS) throw new RangeError(`a scenario has up to ${MOST_TASKS} tasks, and not ${count}`)
    this.tasks = this.program.tasks.map(({ name, operation }) => new ScheduledTask(name, operation))
  }

  /** The numbers of the tasks that can go on. */
  enabled(): number[] {
    const enabled: number[] = []
    for (const [number, task] of this.tasks.entries()) if (task.state === 'runnable') enabled.push(number)
    return enabled
  }

  nameOf(task: number): string {
    return this.tasks[task]?.name ?? 'nobody'
  }

  /** Runs one step of a task that can go on, and says what it touched. */
  step(number: number): readonly Access[] {
    const task = this.tasks[number]
    if (task === undefined) throw new RangeError(`there is no task ${number}`)
    const { recorder } = this
    recorder.begin(number)
    if (task.wait?.on !== undefined) recorder.touch(task.wait.on)
    task.resume()
    // It would look like a deadlock, and be none.
    if (task.wait !== undefined && task.wait.ready === undefined)
      throw new InvariantError({}, `${task.name} waits for what only a turn of the event loop can end`)
    return recorder.end()
  }

  /** What is wrong already: an operation that failed. */
  failure(): string | undefined {
    const failed = this.tasks.find((task) => task.state === 'failed')
    return failed && `${failed.name} failed: ${messageOf(failed.error)}`
  }

  /** Where no task can go on: what is wrong, if anything is. */
  verdict(): string | undefined {
    const stuck = this.tasks.filter((task) => task.state === 'waiting')
    if (stuck.length > 0) {
      const waits = stuck.map(({ name, wait }) =>
        wait?.on === undefined ? name : `${name} waits for ${wait.on.object} ${wait.on.start}`,
      )
      return `deadlock: ${waits.join(', ')}`
    }
    try {
      return this.program.check()
    } catch (error) {
      return `the final check failed: ${messageOf(error)}`
    }
  }

  dispose(): void {
    this.recorder.task = NOBODY
    this.program.dispose?.()
  }
}
