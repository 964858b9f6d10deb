/** Faults as a URL's parameter has them: `write,error,nth=3,errno=ENOSPC;flush,crash`. */
import { parseSize } from '@bttkit/interfaces'
import { FAULT_EFFECTS, FAULT_KINDS, type FaultRule } from './fault-rule.ts'
import type { MediaErrorRange } from './media-errors.ts'

/** What a word of a rule sets, and how its value reads. */
const WORDS: Readonly<Record<string, { field: keyof FaultRule; read: (text: string) => unknown }>> = {
  nth: { field: 'nth', read: wholeNumber },
  offset: { field: 'offset', read: parseSize },
  length: { field: 'length', read: parseSize },
  probability: { field: 'probability', read: fraction },
  errno: { field: 'errno', read: (text) => text },
  stored: { field: 'storedBytes', read: parseSize },
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function fraction(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
}

function parseWord(word: string): [keyof FaultRule, unknown] {
  const [key = '', text = ''] = word.split('=')
  const known = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined
  if (known === undefined) {
    throw new TypeError(`a fault has no '${key}', only ${Object.keys(WORDS).join(', ')}`)
  }
  const value = known.read(text)
  if (value === undefined) throw new TypeError(`'${word}' has no value that fits`)
  return [known.field, value]
}

/** Whether the rule makes sense is for the layer to check. @throws {TypeError} for what is no rule at all. */
export function parseFaults(text: string): FaultRule[] {
  return text.split(';').map((rule) => {
    const [kind, outcome, ...words] = rule.split(',')
    const on = FAULT_KINDS.find((known) => known === kind)
    const effect = FAULT_EFFECTS.find((known) => known === outcome)
    if (on === undefined || effect === undefined) {
      const first = `one of ${FAULT_KINDS.join(', ')}, then one of ${FAULT_EFFECTS.join(', ')}`
      throw new TypeError(`'${rule}' is no fault; it begins with ${first}`)
    }
    return { ...Object.fromEntries(words.map(parseWord)), on, effect }
  })
}

/** Reads `OFFSET+LENGTH,…`. @throws {TypeError} */
export function parseMediaErrors(text: string): MediaErrorRange[] {
  return text.split(',').map((range) => {
    const [offset, length, ...rest] = range.split('+').map(parseSize)
    if (offset !== undefined && length !== undefined && rest.length === 0) return { offset, length }
    throw new TypeError(`'${range}' is not the offset and the length of a media error, as in 4096+512`)
  })
}
