/** A check as an iteration over its findings, each of which is there as soon as it is found. */
import type { CheckOptions, Checker, Finding, PmemProvider } from '@bttkit/interfaces'
import { preemptionPoint } from '@bttkit/sleepable'
import { examineInto, summaryOf, type ExamineOptions, type ImageReport } from './check-image.ts'
import { RuleFailure, findingsOf } from './foreign-rules.ts'
import { FindingLog, LIST_LIMIT } from './finding-log.ts'

export interface CheckImageOptions
  extends CheckOptions, Pick<ExamineOptions, 'listLimit' | 'onProgress' | 'observer'> {
  /** Rules of others, which look at the image after ours. Their findings count for the verdict. */
  readonly checkers?: readonly Checker[]
  /** So long one of them may neither read nor find anything, in milliseconds; then it counts as failed. Default 60 000. */
  readonly ruleLimitMs?: number
}

const RULE_LIMIT_MS = 60_000

/** So long others may have to wait: timers, signals, whoever aborts. */
const TURN_AFTER_MS = 20

/** Yielded after each piece of a map. It is never waited for. */
const PAUSE = preemptionPoint({ object: 'provider', kind: 'read', start: 0, end: 0 })

const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Lets others run, when it is long ago that they could. */
class Courtesy {
  private lastMs = performance.now()

  async letOthersRun(): Promise<void> {
    if (performance.now() - this.lastMs < TURN_AFTER_MS) return
    await eventLoopTurn()
    this.lastMs = performance.now()
  }
}

/**
 * Checks an image, and gives its findings as they are found; at the end it returns the report. Stores nothing, and takes no lock. Leaving the iteration ends the check.
 *
 * ```ts
 * for await (const finding of checkImage(provider)) console.log(finding.message)
 * ```
 *
 * @throws whatever the storage fails with, but for media errors, which are findings; and the reason of `signal`. What another checker throws is a finding, `rule-failed`
 */
export async function* checkImage(
  provider: PmemProvider,
  options: CheckImageOptions = {},
): AsyncGenerator<Finding, ImageReport, void> {
  const { signal, checkers = [], listLimit = LIST_LIMIT, namespaceOffset, onProgress, observer } = options
  const found: Finding[] = []
  const log = new FindingLog(listLimit, (finding) => found.push(finding))
  const courtesy = new Courtesy()
  const steps = examineInto(provider, log, { namespaceOffset, onProgress, observer, pause: PAUSE })
  let step = steps.next()
  for (; step.done !== true;) {
    yield* found.splice(0)
    const wait = step.value
    if (wait === PAUSE) await courtesy.letOthersRun()
    signal?.throwIfAborted()
    step = wait === PAUSE ? steps.next() : await afterWait(steps, wait)
  }
  yield* found.splice(0)
  const limitMs = options.ruleLimitMs ?? RULE_LIMIT_MS
  for (const checker of checkers) {
    try {
      for await (const finding of findingsOf(checker, provider, options, limitMs)) {
        log.addForeign(finding)
        yield* found.splice(0)
      }
    } catch (error) {
      if (!(error instanceof RuleFailure)) throw error
      const message = `the rule '${checker.name}' did not come to its end: ${error.message}`
      log.add('rule-failed', () => ({ message }))
    }
    yield* found.splice(0)
  }
  return { ...step.value, ...summaryOf(provider, log) }
}

type Steps = ReturnType<typeof examineInto>

async function afterWait(steps: Steps, wait: PromiseLike<unknown>): Promise<ReturnType<Steps['next']>> {
  try {
    await wait
  } catch (error) {
    return steps.throw(error)
  }
  return steps.next()
}

/** `checkImage` as a plugin, for whoever runs several. */
export const imageChecker: Checker = { name: 'image', check: checkImage }
