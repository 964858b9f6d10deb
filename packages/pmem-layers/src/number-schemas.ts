/** Numbers as a URL has them, which is text, or a program. */
import { parseSize } from '@bttkit/interfaces'
import * as v from 'valibot'

type NumberSchema = v.GenericSchema<unknown, number>

function numberSchema(
  parse: (text: string) => number | undefined,
  isRight: (value: number) => boolean,
  message: string,
): NumberSchema {
  return v.pipe(
    v.union([v.number(), v.string()], message),
    v.transform((value) => (typeof value === 'number' ? value : (parse(value) ?? Number.NaN))),
    v.check(isRight, message),
  )
}

function parseDigits(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function parseFraction(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
}

/** `7`. @param subject what the message begins with, where it is about one value of several. */
export function wholeNumber({
  lowest = 0,
  highest = Number.MAX_SAFE_INTEGER,
  subject = '',
} = {}): NumberSchema {
  const range = highest === Number.MAX_SAFE_INTEGER ? `from ${lowest}` : `from ${lowest} to ${highest}`
  const isRight = (value: number): boolean =>
    Number.isSafeInteger(value) && value >= lowest && value <= highest
  return numberSchema(parseDigits, isRight, `${subject}a whole number ${range}`)
}

/** Bytes: `4096`, `4k` or `1MiB`. */
export function byteCount({ subject = '' } = {}): NumberSchema {
  const isRight = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
  return numberSchema(parseSize, isRight, `${subject}a size, as 4096, 4k or 1MiB`)
}

/** `0.25`. */
export function fractionOfOne({ subject = '' } = {}): NumberSchema {
  return numberSchema(
    parseFraction,
    (value) => value >= 0 && value <= 1,
    `${subject}a number from 0 to 1, as 0.25`,
  )
}
