import type { Sleepable, Wait } from '@bttkit/interfaces'

async function goOn<T>(operation: Sleepable<T>, firstWait: Wait): Promise<T> {
  let wait = firstWait
  for (;;) {
    let failure: unknown
    let failed = false
    try {
      await wait
    } catch (error) {
      failure = error
      failed = true
    }
    const step = failed ? operation.throw(failure) : operation.next()
    if (step.done === true) return step.value
    wait = step.value
  }
}

/**
 * Runs an operation, awaiting what it waits for. It starts at once, on the caller's stack; one that never waits is over
 * when the call returns.
 */
export function runAsync<T>(operation: Sleepable<T>): Promise<T> {
  try {
    const first = operation.next()
    return first.done === true ? Promise.resolve(first.value) : goOn(operation, first.value)
  } catch (error) {
    return Promise.reject(error)
  }
}
