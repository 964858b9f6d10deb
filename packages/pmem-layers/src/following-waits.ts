/** What layers do when a call of the inner provider is over, in each form of waiting. They are lazy where the inner wait is. */
import { CannotBlockError, type MaybeSleep } from '@bttkit/interfaces'

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

/**
 * Goes on with `next` once `before` succeeded, at once where it did not wait. There is no `ready`: only when `before` is over is it known whether `next` waits.
 */
export function andThen(before: MaybeSleep, next: () => MaybeSleep, image: string): MaybeSleep {
  if (before === undefined) return next()
  let begun: Promise<void> | undefined
  const begin = async (): Promise<void> => {
    await before
    await next()
  }
  const block = before.block?.bind(before)
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) => {
      begun ??= begin()
      return begun.then(...callbacks)
    },
    ...(block === undefined
      ? {}
      : {
          block: () => {
            block()
            blockOn(next(), image)
          },
        }),
    ...(before.on === undefined ? {} : { on: before.on }),
  }
}

/** Makes a call and tells `over`, once, how it ended, in whichever way it is waited for. What `over` throws takes the place of the call's result. */
export function onceOver(run: () => MaybeSleep, over: (failed: boolean) => void): MaybeSleep {
  let isOver = false
  const end = (failed: boolean): void => {
    if (isOver) return
    isOver = true
    over(failed)
  }
  const blockingly = (body: () => MaybeSleep): MaybeSleep => {
    let result: MaybeSleep
    try {
      result = body()
    } catch (error) {
      end(true)
      throw error
    }
    if (result === undefined) end(false)
    return result
  }

  const wait = blockingly(run)
  if (wait === undefined) return undefined
  let begun: Promise<void> | undefined
  const begin = async (): Promise<void> => {
    try {
      await wait
    } catch (error) {
      end(true)
      throw error
    }
    end(false)
  }
  const block = wait.block?.bind(wait)
  const ready = wait.ready?.bind(wait)
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
    then: (...callbacks) => {
      begun ??= begin()
      return begun.then(...callbacks)
    },
    ...(block === undefined
      ? {}
      : {
          block: () => {
            blockingly(() => {
              block()
              return undefined
            })
          },
        }),
    ...(ready === undefined ? {} : { ready }),
    ...(wait.on === undefined ? {} : { on: wait.on }),
    ...(wait.isPreemption === undefined ? {} : { isPreemption: wait.isPreemption }),
  }
}
