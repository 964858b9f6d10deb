import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { ProviderIoError, ProviderOpenError } from '@bttkit/interfaces'

const errnoNumbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.errno))

/** The errno of an error of `node:fs`; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const { code } = error
  return typeof code === 'string' && errnoNumbers.has(code) ? code : undefined
}

function explain(errno: string): string {
  const text = getSystemErrorMap().get(-(errnoNumbers.get(errno) ?? 0))?.[1]
  return text === undefined ? errno : `${text} (${errno})`
}

export function openError(path: string, action: string, errno: string): ProviderOpenError {
  return new ProviderOpenError({ image: path }, `${action}: ${explain(errno)}`, errno)
}

/** What failed while `path` was being opened, as an error for whoever opens it. Defects pass as they are. */
export function asOpenError(path: string, action: string, cause: unknown): unknown {
  const errno = errnoOf(cause)
  return errno === undefined ? cause : openError(path, action, errno)
}

export function ioError(path: string, action: string, errno: string): ProviderIoError {
  return new ProviderIoError({ image: path }, `${action} failed: ${explain(errno)}`, errno)
}
