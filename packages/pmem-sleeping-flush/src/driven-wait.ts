/**
 * Calls of a provider that are written as operations which may sleep: the caller's way of waiting drives them.
 *
 * Invariant: an operation runs once, however often and in whichever way its wait is waited for.
 */
import {
  CannotBlockError,
  type MaybeSleep,
  type Sleepable,
  type Wait,
  type WaitSubject,
} from '@bttkit/interfaces'

/** @throws {CannotBlockError} where only the event loop ends the wait. */
function blockOn(wait: Wait, image: string): void {
  if (wait.block !== undefined) {
    wait.block()
    return
  }
  // Nobody hears how it ends; unheard, a failure would end the process.
  wait.then(undefined, () => {})
  throw new CannotBlockError({ image }, 'it ends only when the event loop turns; use the asynchronous form')
}

function runBlocking(operation: Sleepable<void>, image: string, first = operation.next()): void {
  for (let step = first; step.done !== true;) {
    let failure: { error: unknown } | undefined
    try {
      blockOn(step.value, image)
    } catch (error) {
      failure = { error }
    }
    step = failure === undefined ? operation.next() : operation.throw(failure.error)
  }
}

export async function runAsync(operation: Sleepable<void>, first = operation.next()): Promise<void> {
  for (let step = first; step.done !== true;) {
    let failure: { error: unknown } | undefined
    try {
      await step.value
    } catch (error) {
      failure = { error }
    }
    step = failure === undefined ? operation.next() : operation.throw(failure.error)
  }
}

/** How an operation ended. */
type Ending = { readonly failure?: { readonly error: unknown } }

/** There is no `ready`: before the operation is over nothing knows whether it waits once more. */
class DrivenWait {
  readonly on: WaitSubject
  private readonly image: string
  private readonly operation: Sleepable<void>
  /** Where the operation stands that has begun. */
  private readonly first: IteratorResult<Wait, void> | undefined
  private awaited: Promise<void> | undefined
  private ending: Ending | undefined

  constructor(
    operation: Sleepable<void>,
    on: WaitSubject,
    image: string,
    first?: IteratorResult<Wait, void>,
  ) {
    this.operation = operation
    this.on = on
    this.image = image
    this.first = first
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  readonly then: Wait['then'] = (...callbacks) => {
    this.awaited ??= this.ending === undefined ? this.runAsync() : this.endedBefore(this.ending)
    return this.awaited.then(...callbacks)
  }

  block(): void {
    if (this.ending === undefined) {
      if (this.awaited !== undefined) blockOn(this.awaited, this.image)
      this.ending = this.runBlocking()
    }
    if (this.ending.failure !== undefined) throw this.ending.failure.error
  }

  private runBlocking(): Ending {
    try {
      runBlocking(this.operation, this.image, this.first)
      return {}
    } catch (error) {
      return { failure: { error } }
    }
  }

  private async runAsync(): Promise<void> {
    try {
      await runAsync(this.operation, this.first)
      this.ending = {}
    } catch (error) {
      this.ending = { failure: { error } }
      throw error
    }
  }

  private async endedBefore({ failure }: Ending): Promise<void> {
    if (failure !== undefined) throw failure.error
  }
}

/** Runs an operation until it waits for the first time; `undefined` where it never does. What fails by then is thrown. */
export function begin(operation: Sleepable<void>, on: WaitSubject, image: string): MaybeSleep {
  const first = operation.next()
  return first.done === true ? undefined : new DrivenWait(operation, on, image, first)
}

/** An operation that begins when somebody waits for it. */
export function lazily(operation: Sleepable<void>, on: WaitSubject, image: string): Wait {
  return new DrivenWait(operation, on, image)
}
