export const DEFAULT_FLUSH_DELAY_MS = 2

/** A timer of more milliseconds than this goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** @throws {TypeError} for a delay that is no whole number of milliseconds, from 0, that a timer can have. */
export function checkFlushDelay(flushDelayMs: number): void {
  if (Number.isInteger(flushDelayMs) && flushDelayMs >= 0 && flushDelayMs <= LONGEST_TIMER_MS) return
  throw new TypeError(
    `a flush cannot sleep ${flushDelayMs} ms; it is a whole number from 0 to ${LONGEST_TIMER_MS}`,
  )
}
