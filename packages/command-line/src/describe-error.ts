import { getSystemErrorMap } from 'node:util'
import { isBttkitError } from '@bttkit/interfaces'
import { CommandError, UsageError } from './failures.ts'

interface SystemError extends Error {
  readonly errno: number
  readonly code: string
  readonly path?: string
}

function isSystemError(error: unknown): error is SystemError {
  if (!(error instanceof Error)) return false
  const { errno, code } = error as Partial<SystemError>
  return typeof errno === 'number' && typeof code === 'string'
}

/** What the system says to an errno, with the name to look it up by: `no space left on device (ENOSPC)`. */
export function describeSystemError(error: unknown): string {
  if (!isSystemError(error)) return error instanceof Error ? error.message : String(error)
  const text = getSystemErrorMap().get(error.errno)?.[1]
  return text === undefined ? error.message : `${text} (${error.code})`
}

function describe(error: unknown): string {
  if (error instanceof CommandError || error instanceof UsageError) return error.message
  if (isBttkitError(error)) {
    return error.message.includes(error.errno) ? error.message : `${error.message} (${error.errno})`
  }
  if (isSystemError(error)) {
    const reason = describeSystemError(error)
    return error.path === undefined ? reason : `${error.path}: ${reason}`
  }
  // Everything that may go wrong outside of this program has a class of its own.
  return `internal error: ${error instanceof Error ? error.message : String(error)}`
}

/** One line for people: what failed, and why. */
export function describeError(error: unknown): string {
  return describe(error)
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim()
}
