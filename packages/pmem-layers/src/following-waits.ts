/**
 * What layers do when a call of the inner provider is over, in each form of waiting. They are lazy where the inner wait is.
 *
 * Invariant: it is done once, however often and in whichever way somebody waits.
 */
import { CannotBlockError, type MaybeSleep, type Wait } from '@bttkit/interfaces'

/** Blocks until `wait` is over. @throws {CannotBlockError} where only the event loop ends it. */
export function blockOn(wait: MaybeSleep, image: string): void {
  if (wait === undefined) return
  if (wait.block !== undefined) {
    wait.block()
    return
  }
  // Nobody hears how it ends; unheard, a failure would end the process.
  wait.then(undefined, () => {})
  throw new CannotBlockError({ image }, 'it ends only when the event loop turns; use the asynchronous form')
}

/** How a call ended. */
export type CallOutcome = { readonly failed: false } | { readonly failed: true; readonly error: unknown }

const SUCCESS: CallOutcome = { failed: false }

function throwFailureOf(outcome: CallOutcome): void {
  if (outcome.failed) throw outcome.error
}

function outcomeOf(work: () => void): CallOutcome {
  try {
    work()
    return SUCCESS
  } catch (error) {
    return { failed: true, error }
  }
}

/** The same work in both ways of waiting, and what else is to be said of the wait. */
interface WaitForms extends Pick<Wait, 'on' | 'ready' | 'isPreemption'> {
  readonly awaited: () => Promise<unknown>
  /** Absent where only the event loop ends it. */
  readonly blocked?: (() => void) | undefined
}

/** A wait whose work is done when somebody first waits for it. Who comes later gets the same outcome; who would block meanwhile, a `CannotBlockError`. */
export function waitOnce({ awaited, blocked, ...said }: WaitForms, image: string): Wait {
  let begun: Promise<void> | undefined
  let outcome: CallOutcome | undefined
  const run = async (): Promise<void> => {
    try {
      await awaited()
      outcome = SUCCESS
    } catch (error) {
      outcome = { failed: true, error }
      throw error
    }
  }
  const block = (work: () => void): void => {
    if (outcome === undefined && begun !== undefined) blockOn(begun, image)
    outcome ??= outcomeOf(work)
    throwFailureOf(outcome)
  }
  return {
    ...said,
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) => {
      begun ??= outcome === undefined ? run() : Promise.resolve(outcome).then(throwFailureOf)
      return begun.then(...callbacks)
    },
    ...(blocked === undefined ? {} : { block: () => block(blocked) }),
  }
}

/**
 * Goes on with `next` once `before` succeeded, at once where it did not wait. There is no `ready`: only when `before` is over is it known whether `next` waits.
 */
export function andThen(before: MaybeSleep, next: () => MaybeSleep, image: string): MaybeSleep {
  if (before === undefined) return next()
  const awaited = async (): Promise<void> => {
    await before
    await next()
  }
  const block = before.block?.bind(before)
  const blocked =
    block &&
    (() => {
      block()
      blockOn(next(), image)
    })
  return waitOnce({ awaited, blocked, ...(before.on === undefined ? {} : { on: before.on }) }, image)
}

/** Makes a call and tells `over`, once, how it ended, in whichever way it is waited for. What `over` throws takes the place of the call's result. */
export function onceOver(
  run: () => MaybeSleep,
  over: (outcome: CallOutcome) => void,
  image: string,
): MaybeSleep {
  const endOf = (outcome: CallOutcome): void => {
    over(outcome)
    throwFailureOf(outcome)
  }
  let wait: MaybeSleep
  try {
    wait = run()
  } catch (error) {
    over({ failed: true, error })
    throw error
  }
  if (wait === undefined) {
    over(SUCCESS)
    return undefined
  }
  const waiting = wait
  const awaited = async (): Promise<void> => {
    try {
      await waiting
    } catch (error) {
      endOf({ failed: true, error })
    }
    endOf(SUCCESS)
  }
  const block = waiting.block?.bind(waiting)
  const ready = waiting.ready?.bind(waiting)
  const forms: WaitForms = {
    awaited,
    blocked: block && (() => endOf(outcomeOf(block))),
    ...(ready === undefined ? {} : { ready }),
    ...(waiting.on === undefined ? {} : { on: waiting.on }),
    ...(waiting.isPreemption === undefined ? {} : { isPreemption: waiting.isPreemption }),
  }
  return waitOnce(forms, image)
}
