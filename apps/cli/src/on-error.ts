import { isBttkitError } from '@bttkit/interfaces'
import { countArgument } from '@bttkit/command-line'
import { InvalidArgumentError } from 'commander'

/** What becomes of a sector that cannot be read: the byte to fill it with, or `undefined` to fail. */
export type OnError = { readonly fill: number | undefined }

/** The default. */
export const FAIL: OnError = { fill: undefined }

function fillByte(text: string): number {
  const byte = countArgument(text)
  if (byte > 0xff) throw new InvalidArgumentError('The byte to fill with is from 0 to 0xff.')
  return byte
}

/** Parses `fail`, `zero` or `fill=0xEE`. */
export function onErrorArgument(text: string): OnError {
  if (text === 'fail') return FAIL
  if (text === 'zero') return { fill: 0 }
  if (text.startsWith('fill=')) return { fill: fillByte(text.slice('fill='.length)) }
  throw new InvalidArgumentError('It is fail, zero or fill=BYTE.')
}

const SECTOR_FAILURES = new Set(['BTT_SECTOR_ERROR', 'BTT_MAP_ENTRY', 'BTT_BAD_BLOCK', 'BTT_PROVIDER_IO'])

/** Whether a failure to read is one of the sectors that were asked for; others may still be readable. */
export function isSectorFailure(error: unknown): boolean {
  return isBttkitError(error) && SECTOR_FAILURES.has(error.code)
}
