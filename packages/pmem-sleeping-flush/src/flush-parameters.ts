/** The parameters of `sleeping-flush:` URLs. A program may give numbers where a URL has digits. */
import * as v from 'valibot'
import { checkFlushDelay, type FlushDelay } from './flush-delay.ts'
import { checkSeed } from './seeded-random.ts'
import { checkSlots } from './slots.ts'

const DIGITS = /^\d+$/
const RANGE = /^(\d+)\.\.(\d+)$/

/** Whether `check` takes the value, which it throws at otherwise. */
function passes<Value>(check: (value: Value) => void): (value: Value) => boolean {
  return (value) => {
    try {
      check(value)
      return true
    } catch {
      return false
    }
  }
}

const whole = v.union([v.number(), v.pipe(v.string(), v.regex(DIGITS), v.transform(Number))])

function rangeIn(text: string): FlushDelay {
  const [, fromMs, toMs] = RANGE.exec(text) ?? []
  return { fromMs: Number(fromMs), toMs: Number(toMs) }
}

export const flushParameters = {
  /** Milliseconds, as `2`, or from the one to the other, as `1..5`. */
  flushDelayMs: v.optional(
    v.pipe(
      v.union(
        [whole, v.pipe(v.string(), v.regex(RANGE), v.transform(rangeIn))],
        'a whole number of milliseconds, or a range as 1..5',
      ),
      v.check(passes(checkFlushDelay), 'whole milliseconds from 0 to 2147483647, the lower ones first'),
    ),
  ),
  /** Determines the delays of a range. */
  flushSeed: v.optional(
    v.pipe(whole, v.check(passes(checkSeed), 'a seed is a whole number from 0 to 4294967295')),
  ),
  /** How many flushes sleep side by side. */
  flushQueue: v.optional(v.pipe(whole, v.check(passes(checkSlots), 'a queue has room for 1 flush or more'))),
  /** Whether a power cut can take what was not flushed. */
  losesUnflushed: v.optional(
    v.union([
      v.boolean(),
      v.pipe(
        v.picklist(['true', 'false']),
        v.transform((text) => text === 'true'),
      ),
    ]),
  ),
}
