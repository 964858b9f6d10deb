/** Parsers for the values of options, for commander: each returns the value, or throws what becomes a usage error. */
import { InvalidArgumentError } from 'commander'
import { parseSize } from '@bttkit/interfaces'

/** A size in bytes: `512`, `4k`, `64MiB`, `1GB`. */
export function sizeArgument(text: string): number {
  const bytes = parseSize(text)
  if (bytes === undefined)
    throw new InvalidArgumentError(
      'A size is a number of bytes with or without a unit, as 512, 4k, 64MiB or 1GB.',
    )
  return bytes
}

const WHOLE_NUMBER = /^(?:\d+|0x[0-9a-f]+)$/i

function wholeNumber(text: string, what: string): number {
  const number = WHOLE_NUMBER.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number))
    throw new InvalidArgumentError(`${what} is a whole number from 0 on, as 42 or 0x2a.`)
  return number
}

/** The number of a sector, in decimal or after 0x in hexadecimal. */
export function lbaArgument(text: string): number {
  return wholeNumber(text, 'An LBA')
}

/** How many of something, or the number of something that is not a sector. */
export function countArgument(text: string): number {
  return wholeNumber(text, 'It')
}

/** A parser for how many of something there are to be: from 1 to `most`. */
export function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const count = countArgument(text)
    if (count === 0) throw new InvalidArgumentError('It is at least 1.')
    if (count > most) throw new InvalidArgumentError(`It is at most ${most}.`)
    return count
  }
}

/** Seconds above 0, also a part of one: `10`, `0.5`. */
export function secondsArgument(text: string): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0
  if (seconds > 0 && Number.isFinite(seconds)) return seconds
  throw new InvalidArgumentError('It is a number of seconds above 0, as 10 or 0.5.')
}
