import { InvariantError } from '@bttkit/interfaces'
import { ScheduledTask, type TaskState } from '@bttkit/sleepable'
import type { Access, Step } from './explore-access.ts'
import { MOST_TASKS } from './explore-schedule.ts'
import { NOBODY, StepRecorder, type Program, type Scenario } from './explore-scenario.ts'

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

/** Which block, which sector and what was in it differs between two schedules that show one mistake. */
function kindOfSentence(problem: string): string {
  const [claim = ''] = problem.split(':')
  return claim.replaceAll(/\d+/g, '#')
}

/** What is wrong with a run. */
export interface Problem {
  /** The same for problems that differ in numbers and details only. */
  readonly kind: string
  /** In a sentence. */
  readonly problem: string
}

/** One run of a scenario, step by step. A step goes from one wait of a task to the next. */
export class Execution {
  /** Of the scenario. */
  readonly name: string
  private readonly recorder = new StepRecorder()
  private readonly program: Program
  private readonly tasks: readonly ScheduledTask[]
  private runnable: readonly number[]
  private readonly made: number[] = []

  constructor(scenario: Scenario) {
    this.name = scenario.name
    this.program = scenario.make(this.recorder)
    const count = this.program.tasks.length
    if (count > MOST_TASKS) throw new RangeError(`a scenario has up to ${MOST_TASKS} tasks, and not ${count}`)
    this.tasks = this.program.tasks.map(({ name, operation }) => new ScheduledTask(name, operation))
    this.runnable = this.numbersOf('runnable')
  }

  /** The numbers of the tasks that can go on. */
  enabled(): readonly number[] {
    return this.runnable
  }

  /** The numbers of the tasks that cannot go on before another task's step lets them. */
  blocked(): readonly number[] {
    return this.numbersOf('waiting')
  }

  /** What a blocked task waits for; `undefined` where its wait does not say. */
  awaited(task: number): Access | undefined {
    return this.tasks[task]?.wait?.on
  }

  /** Whose steps were made so far. */
  get schedule(): readonly number[] {
    return this.made
  }

  nameOf(task: number): string {
    return this.tasks[task]?.name ?? 'nobody'
  }

  /** Runs one step of a task that can go on, and says what it did. */
  step(number: number): Step {
    const task = this.tasks[number]
    if (task === undefined) throw new RangeError(`there is no task ${number}`)
    const { recorder } = this
    recorder.begin(number)
    if (task.wait?.on !== undefined) recorder.touch(task.wait.on)
    task.resume()
    // It would look like a deadlock, and be none.
    if (task.wait !== undefined && task.wait.ready === undefined)
      throw new InvariantError({}, `${task.name} waits for what only a turn of the event loop can end`)
    const before = this.runnable
    this.runnable = this.numbersOf('runnable')
    this.made.push(number)
    return { task: number, touched: recorder.end(), toggled: this.toggledSince(before, number) }
  }

  /** What is wrong already: an operation that failed. */
  failure(): Problem | undefined {
    const failed = this.tasks.find((task) => task.state === 'failed')
    if (failed === undefined) return undefined
    return {
      kind: `failed: ${nameOf(failed.error)}`,
      problem: `${failed.name} failed: ${messageOf(failed.error)}`,
    }
  }

  /** Where no task can go on: what is wrong, if anything is. */
  verdict(): Problem | undefined {
    const stuck = this.blocked()
    if (stuck.length > 0) {
      const waits = stuck.map((task) => {
        const on = this.awaited(task)
        const name = this.nameOf(task)
        return on === undefined ? name : `${name} waits for ${on.object} ${on.start}`
      })
      return { kind: 'deadlock', problem: `deadlock: ${waits.join(', ')}` }
    }
    try {
      const problem = this.program.check()
      return problem === undefined ? undefined : { kind: kindOfSentence(problem), problem }
    } catch (error) {
      return {
        kind: `the final check failed: ${nameOf(error)}`,
        problem: `the final check failed: ${messageOf(error)}`,
      }
    }
  }

  dispose(): void {
    this.recorder.task = NOBODY
    this.program.dispose?.()
  }

  private numbersOf(state: TaskState): number[] {
    const numbers: number[] = []
    for (const [number, task] of this.tasks.entries()) if (task.state === state) numbers.push(number)
    return numbers
  }

  private toggledSince(before: readonly number[], stepped: number): number[] {
    const after = this.runnable
    const isToggled = (task: number): boolean => before.includes(task) !== after.includes(task)
    return [...this.tasks.keys()].filter((task) => task !== stepped && isToggled(task))
  }
}
