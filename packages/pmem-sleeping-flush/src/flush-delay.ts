import { checkSeed, seededNumbers } from './seeded-random.ts'

/**
 * How long flushes sleep, in whole milliseconds: always as long, or any time from `fromMs` to `toMs`, both included and all as likely. The seed (default 1,
 * from 0 to 2^32 - 1) determines them: the first flush that begins to sleep gets the first, and so on.
 */
export type FlushDelay = number | { readonly fromMs: number; readonly toMs: number; readonly seed?: number }

export const DEFAULT_FLUSH_DELAY_MS = 2

const DEFAULT_SEED = 1

/** A timer of more milliseconds than this goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function checkMilliseconds(delayMs: number): void {
  if (Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= LONGEST_TIMER_MS) return
  throw new TypeError(
    `a flush cannot sleep ${delayMs} ms; it is a whole number from 0 to ${LONGEST_TIMER_MS}`,
  )
}

/** @throws {TypeError} for times that a timer cannot have, a range that ends before it begins, and what is no seed. */
export function checkFlushDelay(delay: FlushDelay): void {
  if (typeof delay === 'number') {
    checkMilliseconds(delay)
    return
  }
  const { fromMs, toMs, seed = DEFAULT_SEED } = delay
  checkMilliseconds(fromMs)
  checkMilliseconds(toMs)
  if (fromMs > toMs) throw new TypeError(`a flush cannot sleep from ${fromMs} to ${toMs} ms`)
  checkSeed(seed)
}

/** The milliseconds of one flush after another. */
export function delaysOf(delay: FlushDelay): () => number {
  if (typeof delay === 'number') return () => delay
  const { fromMs, toMs, seed = DEFAULT_SEED } = delay
  const numberBelow = seededNumbers(seed)
  return () => fromMs + numberBelow(toMs - fromMs + 1)
}
