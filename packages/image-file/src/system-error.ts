import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import { ProviderIoError, ProviderOpenError, type Place } from '@bttkit/interfaces'

const errnoNumbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.errno))

/** The errno of an error that the system reported; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const { code } = error
  return typeof code === 'string' && errnoNumbers.has(code) ? code : undefined
}

/** As the system words it, with the name to look it up by: `no space left on device (ENOSPC)`. */
export function explainErrno(errno: string): string {
  const text = getSystemErrorMap().get(-(errnoNumbers.get(errno) ?? 0))?.[1]
  return text === undefined ? errno : `${text} (${errno})`
}

/** What a call becomes that answered an errno while `path` was being opened. */
export function openError(path: string, action: string, errno: string): ProviderOpenError {
  return new ProviderOpenError({ image: path }, `${action}: ${explainErrno(errno)}`, errno)
}

/** What a call on the storage becomes that answered an errno. */
export function ioError(place: Place, action: string, errno: string): ProviderIoError {
  return new ProviderIoError(place, `${action} failed: ${explainErrno(errno)}`, errno)
}

/** What a failed call on the storage becomes. Errors that the system did not report are defects, and pass as they are. */
export function asIoError(place: Place, action: string, cause: unknown): unknown {
  const errno = errnoOf(cause)
  if (errno === undefined) return cause
  return new ProviderIoError(place, `${action} failed: ${explainErrno(errno)}`, errno, { cause })
}

/** What failed while `path` was being opened, as an error for whoever opens it. */
export function asOpenError(path: string, action: string, cause: unknown): ProviderOpenError {
  if (cause instanceof ProviderOpenError) return cause
  const errno = errnoOf(cause)
  const reason = errno === undefined ? String(cause) : explainErrno(errno)
  return new ProviderOpenError({ image: path }, `${action}: ${reason}`, errno ?? 'EINVAL', { cause })
}
