import type { Sleepable, Wait } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import type { CurrentTask } from './current-task.ts'
import { Findings } from './findings.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { StressPlan } from './stress-plan.ts'
import type { ThreadResult } from './stress-result.ts'
import { paceRandom } from './stress-random.ts'
import { noOperations } from './stress-operations.ts'
import { StressTask, type StressedDevice } from './stress-task.ts'
import type { StressWords } from './stress-words.ts'

/** After so many steps of a task the event loop turns: messages and wake-ups of other threads come by it. */
const STEPS_A_TURN = 64
const MOST_DELAYS = 4

export interface ThreadOptions {
  readonly plan: StressPlan
  /** Of all threads. */
  readonly words: StressWords
  /** Number of this thread among them, from 0. */
  readonly worker: number
  /** The one that this thread's lane table was observed with. */
  readonly current: CurrentTask
}

/** Changes who comes next: promises alone would let the tasks take turns in one order for ever. */
async function delay(random: SeededRandom): Promise<void> {
  for (let left = random.below(MOST_DELAYS); left > 0; left--) await Promise.resolve()
}

async function drive(
  task: StressTask,
  operation: Sleepable<void>,
  current: CurrentTask,
  random: SeededRandom,
): Promise<void> {
  const goOn = (failure?: { error: unknown }): Wait | undefined => {
    current.identity = task.identity
    try {
      const step = failure === undefined ? operation.next() : operation.throw(failure.error)
      return step.done === true ? undefined : step.value
    } finally {
      current.identity = undefined
    }
  }
  let steps = 1
  for (let wait = goOn(); wait !== undefined;) {
    let failure: { error: unknown } | undefined
    try {
      await wait
    } catch (error) {
      failure = { error }
    }
    await delay(random)
    if (steps++ % STEPS_A_TURN === 0) await new Promise((resolve) => void setImmediate(resolve))
    wait = goOn(failure)
  }
}

/**
 * The part of one thread in a run of several. Ends when the shared words say so. In which order tasks of different threads do what, nothing
 * decides but the machine.
 */
export async function stressThread(device: StressedDevice, options: ThreadOptions): Promise<ThreadResult> {
  const { plan, words, worker, current } = options
  const findings = new Findings(words, plan.tasks)
  const operations = noOperations()
  const random = paceRandom(plan.seed, worker)
  const tasks = Array.from(
    { length: plan.tasks },
    (_, task) => new StressTask({ device, plan, words, findings, operations }, worker, task),
  )
  await Promise.all(tasks.map((task) => drive(task, task.run(), current, random)))
  for (const task of tasks) await runAsync(task.lastLook())
  const { mismatchCount, mismatches, failures } = findings
  return { operations, mismatchCount, mismatches, failures }
}
