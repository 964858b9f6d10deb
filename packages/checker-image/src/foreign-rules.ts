/**
 * Rules of others. None of them can keep a check from its end, or make it say that an image is in order which nobody has looked at: one that throws, does nothing any more, or gives
 * what is no finding is over, and that is a finding.
 */
import type { CheckOptions, Checker, Finding, FindingSeverity, PmemProvider } from '@bttkit/interfaces'
import { readOnlyView } from './read-only-view.ts'

const SEVERITIES: readonly FindingSeverity[] = ['info', 'recoverable', 'damaged', 'unreadable']
const PLACES = ['arena', 'lane', 'lba', 'block', 'offset'] as const

/** A rule that came to no end of its own. */
export class RuleFailure extends Error {
  override readonly name = 'RuleFailure'
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

function* wrongParts(finding: Partial<Record<keyof Finding, unknown>>): Generator<keyof Finding> {
  if (!isText(finding.code)) yield 'code'
  if (!SEVERITIES.some((severity) => severity === finding.severity)) yield 'severity'
  if (!isText(finding.message)) yield 'message'
  for (const place of PLACES) if (finding[place] !== undefined && !isCount(finding[place])) yield place
  if (finding.repair !== undefined && !isText(finding.repair)) yield 'repair'
}

/** What a finding has to have, and nothing else that somebody put there. @throws {RuleFailure} */
function checkedFinding(given: unknown): Finding {
  if (typeof given !== 'object' || given === null)
    throw new RuleFailure('it gave a finding that is no object')
  const wrong = [...wrongParts(given)]
  if (wrong.length > 0) throw new RuleFailure(`it gave a finding without a right ${wrong.join(', ')}`)
  const { code, severity, message, repair, ...others } = given as Finding
  const places = Object.fromEntries(
    PLACES.flatMap((place) => (others[place] === undefined ? [] : [[place, others[place]]])),
  )
  return { code, severity, ...places, message, ...(repair !== undefined && { repair }) }
}

/** Fails when nothing happens for so long. What waits for it keeps the process alive. */
class Watch {
  private lastMs = performance.now()
  private readonly limitMs: number
  private readonly signal: AbortSignal | undefined

  constructor(limitMs: number, signal: AbortSignal | undefined) {
    this.limitMs = limitMs
    this.signal = signal
  }

  /** Something has happened. */
  readonly touch = (): void => {
    this.lastMs = performance.now()
  }

  /** What `step` comes to. @throws {RuleFailure}, the reason of the signal, and what `step` fails with */
  async over<T>(step: Promise<T>): Promise<T> {
    this.touch()
    let timer: NodeJS.Timeout | undefined
    let onAbort: (() => void) | undefined
    const trouble = new Promise<never>((_, reject) => {
      const look = (): void => {
        const leftMs = this.lastMs + this.limitMs - performance.now()
        if (leftMs > 0) timer = setTimeout(look, leftMs)
        else reject(new RuleFailure(`it has neither read nor found anything for ${this.limitMs / 1000} s`))
      }
      timer = setTimeout(look, this.limitMs)
      onAbort = () => reject(this.signal?.reason)
      this.signal?.addEventListener('abort', onAbort, { once: true })
      if (this.signal?.aborted === true) onAbort()
    })
    try {
      return await Promise.race([step, trouble])
    } finally {
      clearTimeout(timer)
      if (onAbort !== undefined) this.signal?.removeEventListener('abort', onAbort)
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function leave(iterator: AsyncIterator<unknown> | undefined): Promise<void> {
  try {
    await iterator?.return?.()
  } catch {
    // What it does when it is over is of no interest.
  }
}

/**
 * The findings of one rule. @param limitMs how long it may do nothing
 *
 * @throws {RuleFailure} and the reason of the signal
 */
export async function* findingsOf(
  checker: Checker,
  provider: PmemProvider,
  options: CheckOptions,
  limitMs: number,
): AsyncGenerator<Finding, void, void> {
  const { signal } = options
  const watch = new Watch(limitMs, signal)
  let iterator: AsyncIterator<unknown> | undefined
  try {
    iterator = checker.check(readOnlyView(provider, watch.touch), options)[Symbol.asyncIterator]()
    for (;;) {
      const step = await watch.over(Promise.resolve(iterator.next()))
      if (step.done === true) return
      yield checkedFinding(step.value)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof RuleFailure ? error : new RuleFailure(messageOf(error), { cause: error })
  } finally {
    // Nobody waits for it: what does nothing any more will not end either.
    void leave(iterator)
  }
}
