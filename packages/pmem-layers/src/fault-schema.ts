/**
 * Faults and bad media as parameters: the text of a URL, or lists that a program gives.
 *
 * Text becomes the same list first, of values that are text still; so there is one check of both, and one name for each value.
 */
import type { ByteRange, CallStage } from '@bttkit/interfaces'
import * as v from 'valibot'
import { CALL_STAGES, isCallStage } from './call-stages.ts'
import { LONGEST_DELAY_MS } from './sleep-then.ts'
import { FAULT_EFFECTS, FAULT_KINDS, type CallNumbers, type FaultRule } from './fault-rule.ts'
import { byteCount, fractionOfOne, wholeNumber } from './number-schemas.ts'

/** What is wrong with the words of something, or with its being no object at all. */
const wordMessage =
  (name: string) =>
  ({ expected, received }: v.StrictObjectIssue): string => {
    if (expected === 'never') return `${name} has no ${received}`
    return expected === 'Object' ? `${received} is not ${name}` : `${name} needs its ${expected}`
  }

const callNumbers = v.pipe(
  v.union([v.number(), v.string(), v.looseObject({})], "'nth' is a number, or a range of them"),
  v.transform((value) => {
    if (typeof value === 'number') return { first: value, last: value }
    if (typeof value !== 'string') return value
    const [first, last = first, ...rest] = value.split('..')
    // `3..5..7` is no range, and has to stay none.
    return last === '' ? { first } : { first, last: [last, ...rest].join('..') }
  }),
  v.strictObject(
    {
      first: wholeNumber({ lowest: 1, subject: "'nth' is " }),
      last: v.exactOptional(wholeNumber({ lowest: 1, subject: "the end of 'nth' is " })),
    },
    wordMessage("'nth'"),
  ),
  v.check(({ first, last = Infinity }: CallNumbers) => first <= last, "'nth' ends before it begins"),
)

const isPartial = ({ effect }: FaultRule): boolean => effect === 'short' || effect === 'torn'

const faultRule: v.GenericSchema<unknown, FaultRule> = v.pipe(
  v.strictObject(
    {
      on: v.picklist(FAULT_KINDS, `a fault begins with one of ${FAULT_KINDS.join(', ')}`),
      effect: v.picklist(FAULT_EFFECTS, `what a fault does is one of ${FAULT_EFFECTS.join(', ')}`),
      nth: v.exactOptional(callNumbers),
      offset: v.exactOptional(byteCount({ subject: "'offset' is " })),
      length: v.exactOptional(byteCount({ subject: "'length' is " })),
      stage: v.exactOptional(v.custom<CallStage>(isCallStage, `'stage' is one of ${CALL_STAGES.join(', ')}`)),
      lane: v.exactOptional(wholeNumber({ subject: "'lane' is " })),
      probability: v.exactOptional(fractionOfOne({ subject: "'probability' is " })),
      errno: v.exactOptional(v.pipe(v.string(), v.regex(/^E[A-Z0-9]+$/, "'errno' is a name, as ENOSPC"))),
      storedBytes: v.exactOptional(byteCount({ subject: "'storedBytes' is " })),
      delayMs: v.exactOptional(wholeNumber({ highest: LONGEST_DELAY_MS, subject: "'delayMs' is " })),
    },
    wordMessage('a fault'),
  ),
  v.check((rule) => rule.on === 'write' || !isPartial(rule), 'only a write can be short or torn'),
  v.check(
    (rule) => rule.storedBytes === undefined || isPartial(rule),
    "only a short or torn write has 'storedBytes'",
  ),
  v.check(
    ({ effect, delayMs }) => (effect === 'delay') === (delayMs !== undefined),
    "a delay has 'delayMs', and nothing else has it",
  ),
  v.check(({ effect, errno }) => effect !== 'delay' || errno === undefined, "a delay has no 'errno'"),
)

const faultList = v.array(faultRule, 'faults are a text or a list')

const mediaErrorList = v.array(
  v.strictObject(
    {
      offset: byteCount({ subject: 'the offset of a media error is ' }),
      length: byteCount({ subject: 'the length of a media error is ' }),
    },
    wordMessage('a media error'),
  ),
  'media errors are a text or a list',
)

/** `write,error,nth=3` in its parts. A word that comes twice gets a name that no rule has, and is found out by that. */
function wordsOf(rule: string): Record<string, string | undefined> {
  const [on, effect, ...words] = rule.split(',')
  const parts = new Map([
    ['on', on],
    ['effect', effect],
  ])
  for (const word of words) {
    const [key = '', ...values] = word.split('=')
    parts.set(parts.has(key) ? `second ${key}` : key, values.join('='))
  }
  return Object.fromEntries(parts)
}

/** `4096+512`. */
function rangeOf(range: string): { offset: string; length: string } {
  const plus = range.indexOf('+')
  return plus < 0
    ? { offset: range, length: '' }
    : { offset: range.slice(0, plus), length: range.slice(plus + 1) }
}

/** `write,error,nth=3,errno=ENOSPC;flush,crash`, or a list of rules. */
export const faultsParameter: v.GenericSchema<unknown, readonly FaultRule[]> = v.pipe(
  v.unknown(),
  v.transform((value) => (typeof value === 'string' ? value.split(';').map(wordsOf) : value)),
  faultList,
)

/** `4096+512,1MiB+4k`, or a list of ranges. */
export const mediaErrorsParameter: v.GenericSchema<unknown, readonly ByteRange[]> = v.pipe(
  v.unknown(),
  v.transform((value) => (typeof value === 'string' ? value.split(',').map(rangeOf) : value)),
  mediaErrorList,
)

/** @throws {TypeError} for rules that make no sense. */
export function checkFaults(faults: readonly FaultRule[]): readonly FaultRule[] {
  const result = v.safeParse(faultList, faults)
  if (result.success) return result.output
  throw new TypeError(result.issues[0].message)
}
