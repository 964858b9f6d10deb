import { closeSync, constants, fstatSync, lstatSync, openSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import type { SystemCalls } from './system-calls.ts'
import { asOpenError } from './system-error.ts'

/** A file's name is durable when its directory is. */
function syncDirectoryOf(path: string, system: SystemCalls): void {
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    system.fsync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Takes the name away again, unless by now it is the name of something else. */
function removeOurs(path: string, fd: number): void {
  const ours = fstatSync(fd, { bigint: true })
  const named = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (named?.ino === ours.ino && named.dev === ours.dev) unlinkSync(path)
}

/**
 * Makes a sparse file of `sizeBytes` zeros, open for reading and writing. The file and its name are durable when this
 * returns. When it throws there is no file: half of one would be taken for an image by the next who looks.
 *
 * @returns the descriptor, which is the caller's to close.
 * @throws {ProviderOpenError} EEXIST where something of the name exists (also a dangling symbolic link), ENOSPC, EFBIG …
 */
export function createFile(path: string, sizeBytes: number, system: SystemCalls): number {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o666)
  } catch (error) {
    throw asOpenError(path, 'cannot be made', error)
  }
  try {
    system.truncate(fd, sizeBytes)
    system.fsync(fd)
    syncDirectoryOf(path, system)
    return fd
  } catch (error) {
    try {
      removeOurs(path, fd)
    } finally {
      closeSync(fd)
    }
    throw asOpenError(path, `cannot be made with ${sizeBytes} bytes`, error)
  }
}
