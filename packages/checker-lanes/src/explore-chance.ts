/** Schedules by chance: for programs of which all schedules are too many. The same seed runs the same schedules. */
import type { Step } from './explore-access.ts'
import type { Execution } from './explore-execution.ts'
import type { Strategy } from './explore-strategy.ts'
import { SeededRandom } from './seeded-random.ts'

/** At each step any task that can go on, each as likely as the others. */
export class RandomWalk implements Strategy {
  readonly runsOnAfterFailure = false
  private readonly random: SeededRandom

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  begin(): boolean {
    return true
  }

  choose(execution: Execution): number | undefined {
    const enabled = execution.enabled()
    return enabled[this.random.below(enabled.length)]
  }

  note(): void {}
}

/**
 * The least probability that one execution of `PriorityChanges` finds a bug of a depth (the number of orders between two steps that make it happen):
 * 1 / (tasks * steps ^ (depth - 1)). `steps` is the most that an execution takes.
 *
 * Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler with probabilistic guarantees of finding bugs", 2010.
 */
export function pctBound(tasks: number, steps: number, depth: number): number {
  return 1 / (tasks * steps ** (depth - 1))
}

/**
 * PCT: every task has a random priority, and of those that can go on the one with the highest does. At `depth` - 1 steps, chosen by chance among all steps of an
 * execution, the task that is about to go on drops below all others, each time lower than before.
 *
 * How many steps an execution has is taken from the longest one so far, so the bound of `pctBound` holds from then on: a first execution without changes tells it.
 */
export class PriorityChanges implements Strategy {
  readonly runsOnAfterFailure = false
  private readonly random: SeededRandom
  private readonly depth: number
  private longest = 0
  /** By task; the highest goes on. Above 0 at first, below after a change. */
  private priorities: number[] = []
  private changes: number[] = []

  /** @param depth from 1 */
  constructor(seed: number, depth: number) {
    this.random = new SeededRandom(seed)
    this.depth = depth
  }

  begin(): boolean {
    this.priorities = []
    this.changes = []
    for (let i = 1; i < this.depth && this.longest > 0; i++)
      this.changes.push(this.random.below(this.longest))
    return true
  }

  choose(execution: Execution): number | undefined {
    const { length } = execution.schedule
    for (const [index, at] of this.changes.entries()) {
      const task = at === length ? this.highest(execution) : undefined
      if (task !== undefined) this.priorities[task] = -1 - index
    }
    return this.highest(execution)
  }

  note(_step: Step, { schedule }: Execution): void {
    this.longest = Math.max(this.longest, schedule.length)
  }

  private highest(execution: Execution): number | undefined {
    let highest: number | undefined
    for (const task of execution.enabled())
      if (highest === undefined || this.priorityOf(task) > this.priorityOf(highest)) highest = task
    return highest
  }

  private priorityOf(task: number): number {
    return (this.priorities[task] ??= 1 + this.random.below(2 ** 32))
  }
}
