/**
 * Runs tasks side by side on one thread, one step at a time, in an order that random numbers decide: the same seed, the same run.
 *
 * So that nothing but the seed decides, time must not: a task that waits for storage can always be chosen, and then everybody waits with it.
 * One that waits for a lock can be chosen when its wait is over, which only other tasks' steps decide.
 */
import type { Sleepable, Wait } from '@bttkit/interfaces'
import type { CurrentTask, TaskIdentity } from './current-task.ts'
import type { SeededRandom } from './seeded-random.ts'

/** A task that is chosen goes on for up to 1, 2, 4, … 64 steps: short turns and long preemptions find different things. */
const BURST_POWERS = 7
/** Few enough that an equal pair of sequence numbers is seen before the next write of its lane hides it. */
const STEPS_A_PAUSE = 16
/** One in so many sleepers is woken out of turn. */
const OLDEST_ODDS = 16

interface Failure {
  readonly error: unknown
}

interface RunningTask {
  readonly identity: TaskIdentity
  readonly operation: Sleepable<void>
  wait: Wait | undefined
  /** The end of a wait for storage. It began when the task came to it, so that the tasks sleep at the same time. */
  sleep: Promise<Failure | undefined> | undefined
  /** The step at which it began. */
  sleptAt: number
}

/** Begins to wait; the promise never fails. */
async function beginSleep(wait: Wait): Promise<Failure | undefined> {
  try {
    await wait
    return undefined
  } catch (error) {
    return { error }
  }
}

/** Whether only other tasks' steps end this wait, and it can tell when they have. */
function isForLock(wait: Wait): boolean {
  return wait.ready !== undefined && wait.on?.object !== 'provider'
}

function canGoOn({ wait }: RunningTask): boolean {
  return wait === undefined || !isForLock(wait) || wait.ready?.() === true
}

export class ControlledRun {
  private readonly random: SeededRandom
  private readonly current: CurrentTask
  private readonly live: RunningTask[] = []
  private steps = 1

  constructor(random: SeededRandom, current: CurrentTask) {
    this.random = random
    this.current = current
  }

  /** The task must not fail: it handles its errors itself. */
  add(identity: TaskIdentity, operation: Sleepable<void>): void {
    this.live.push({ identity, operation, wait: undefined, sleep: undefined, sleptAt: 0 })
  }

  /**
   * Runs all tasks to their ends. Returns the numbers of those that cannot end, because they wait for each other; they are given up.
   *
   * @param onPause called after a fixed number of steps, when no task is in one
   */
  async run(onPause: () => Promise<void>): Promise<number[]> {
    try {
      await this.runWhileAnyCan(onPause)
      return this.live.map(({ identity }) => identity.number)
    } finally {
      // Whatever ends the run: nobody may keep a lane.
      for (const task of this.live) this.giveUp(task)
    }
  }

  private async runWhileAnyCan(onPause: () => Promise<void>): Promise<void> {
    while (this.live.length > 0) {
      const task = this.choose()
      if (task === undefined) return
      for (let left = 2 ** this.random.below(BURST_POWERS); left > 0 && canGoOn(task); left--) {
        const failure = task.sleep === undefined ? undefined : await task.sleep
        const isOver = this.step(task, failure)
        if (isOver) this.live.splice(this.live.indexOf(task), 1)
        if (this.steps++ % STEPS_A_PAUSE === 0) await onPause()
        if (isOver || task.sleep !== undefined) break
      }
    }
  }

  /** A task that can go on: from a random one, the first. Where that one sleeps, mostly the one that has slept longest: so most sleep at the same time. */
  private choose(): RunningTask | undefined {
    const { live } = this
    const from = this.random.below(live.length)
    for (let i = 0; i < live.length; i++) {
      const task = live[(from + i) % live.length]
      if (task === undefined || !canGoOn(task)) continue
      const isAsItComes = task.sleep === undefined || this.random.below(OLDEST_ODDS) === 0
      return isAsItComes ? task : (this.longestAsleep() ?? task)
    }
    return undefined
  }

  private longestAsleep(): RunningTask | undefined {
    let longest: RunningTask | undefined
    for (const task of this.live) {
      if (task.sleep !== undefined && task.sleptAt < (longest?.sleptAt ?? Infinity)) longest = task
    }
    return longest
  }

  /** Takes a step; whether it was the last. */
  private step(task: RunningTask, failure: Failure | undefined): boolean {
    this.current.identity = task.identity
    try {
      const error = failure ?? this.failureOf(task)
      const step = error === undefined ? task.operation.next() : task.operation.throw(error.error)
      if (step.done === true) return true
      const wait = step.value
      task.wait = wait
      const isSleep = wait.isPreemption !== true && !isForLock(wait)
      task.sleep = isSleep ? beginSleep(wait) : undefined
      task.sleptAt = this.steps
      return false
    } finally {
      this.current.identity = undefined
    }
  }

  /** A wait for a lock that is over tells whether it failed; it does not block any more. A call before which the task was preempted is made now. */
  private failureOf({ wait, sleep }: RunningTask): Failure | undefined {
    if (wait === undefined || sleep !== undefined) return undefined
    try {
      wait.block?.()
      return undefined
    } catch (error) {
      return { error }
    }
  }

  private giveUp(task: RunningTask): void {
    this.current.identity = task.identity
    task.operation.return()
    this.current.identity = undefined
  }
}
