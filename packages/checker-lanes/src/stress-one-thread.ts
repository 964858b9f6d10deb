import { ControlledRun } from './controlled-run.ts'
import type { CurrentTask } from './current-task.ts'
import { Findings } from './findings.ts'
import type { FlogWatch } from './flog-watch.ts'
import type { StressPlan } from './stress-plan.ts'
import { scheduleRandom } from './stress-random.ts'
import { noOperations } from './stress-operations.ts'
import { StressTask, type StressedDevice } from './stress-task.ts'
import type { ThreadResult } from './stress-result.ts'
import type { StressWords } from './stress-words.ts'

/** Timers and signals have waited long enough. */
const TURN_AFTER_MS = 20

export interface OneThreadOptions {
  readonly plan: StressPlan
  readonly words: StressWords
  /** The one that the device's lane table was observed with. */
  readonly current: CurrentTask
  readonly flogWatch?: FlogWatch | undefined
  /** The run ends after this time, in milliseconds. */
  readonly limitMs: number
  readonly signal?: AbortSignal | undefined
  /** Called now and then with the bytes read and written. */
  readonly onProgress?: ((bytesMoved: number) => void) | undefined
}

/** A run on this thread. What happens in it, and in which order, depends on the seed alone; time only ends it. */
export async function stressOneThread(
  device: StressedDevice,
  options: OneThreadOptions,
): Promise<ThreadResult> {
  const { plan, words, current, flogWatch, limitMs, signal, onProgress } = options
  const findings = new Findings(words, plan.tasks)
  const operations = noOperations()
  const random = scheduleRandom(plan.seed)
  const tasks = Array.from(
    { length: plan.tasks },
    (_, task) => new StressTask({ device, plan, words, findings, operations }, 0, task),
  )
  const run = new ControlledRun(random, current)
  for (const task of tasks) run.add(task.identity, task.run())
  const looks = new ControlledRun(random, current)
  for (const task of tasks) looks.add(task.identity, task.lastLook())
  const startedMs = performance.now()
  let turnedMs = startedMs
  const onPause = async (): Promise<void> => {
    await flogWatch?.look()
    const nowMs = performance.now()
    if (nowMs - startedMs >= limitMs || signal?.aborted === true) words.stop()
    if (nowMs - turnedMs < TURN_AFTER_MS) return
    onProgress?.(words.bytesMoved)
    await new Promise((resolve) => void setImmediate(resolve))
    turnedMs = performance.now()
  }
  const stuck = new Set([...(await run.run(onPause)), ...(await looks.run(onPause))])
  if (stuck.size > 0)
    findings.failureOf('DEADLOCK', `tasks ${[...stuck].join(', ')} wait for locks that nobody gives back`)
  const { mismatchCount, mismatches, failures } = findings
  return { operations, mismatchCount, mismatches, failures }
}
