/**
 * Lets the event loop turn. Calls on a file finish at once, so a loop over them would keep signals and timers waiting to its end.
 */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

/** The same as a wait, for operations that may be left now and then: each time that it is waited for the event loop turns once. */
export const EVENT_LOOP_TURN: PromiseLike<void> = {
  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  then: (...callbacks) => eventLoopTurn().then(...callbacks),
}
