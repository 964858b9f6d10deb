import { constants } from 'node:os'

/** Numbers of the errors that the protocol itself answers with. */
export const {
  EBADF,
  EFBIG,
  EINVAL,
  EIO,
  EISDIR,
  ENOENT,
  ENOSPC,
  ENOSYS,
  ENOTDIR,
  ENOTTY,
  ENXIO,
  EOPNOTSUPP,
  EPERM,
  EPROTO,
  EROFS,
} = constants.errno

const numbers: Readonly<Record<string, number>> = constants.errno

/** Takes an error that somebody should see. Must not throw; when it does, that is ignored. */
export type ErrorReporter = (error: unknown) => void

/** Tells `onError`; whatever it does, the mount goes on. */
export function report(error: unknown, onError: ErrorReporter): void {
  try {
    onError(error)
  } catch {
    // A mount serves others; it must not die of a reporter.
  }
}

/** The number to answer a file's error with. One that does not name an errno is EIO, and reported. */
export function errnoOf(error: unknown, onError: ErrorReporter): number {
  const name = typeof error === 'object' && error !== null && 'errno' in error ? error.errno : undefined
  const number = typeof name === 'string' && Object.hasOwn(numbers, name) ? numbers[name] : undefined
  if (number === undefined) {
    report(error, onError)
    return EIO
  }
  return number === ENOSYS ? EOPNOTSUPP : number
}
