/** Parsers for the values of options, for commander. */
import { InvalidArgumentError } from 'commander'
import { countArgument } from '@bttkit/command-line'

/** Seconds above 0, also a part of one. */
export function secondsArgument(text: string): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0
  if (seconds > 0 && Number.isFinite(seconds)) return seconds
  throw new InvalidArgumentError('It is a number of seconds above 0, as 10 or 0.5.')
}

/** A parser for a whole number from 1 to `most`. */
export function upTo(most: number): (text: string) => number {
  return (text) => {
    const count = countArgument(text)
    if (count >= 1 && count <= most) return count
    throw new InvalidArgumentError(`It is from 1 to ${most}.`)
  }
}
