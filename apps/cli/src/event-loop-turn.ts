/**
 * Lets the event loop turn. Calls on a file finish at once, so a loop over them would keep signals and timers waiting to its end.
 */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
