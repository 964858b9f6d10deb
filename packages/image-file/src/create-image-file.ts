import { closeSync, constants, fstatSync, fsyncSync, lstatSync, openSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { asOpenError } from './system-error.ts'

/** A file's name is durable when its directory is. */
function syncDirectoryOf(path: string, fsync: (fd: number) => void): void {
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Takes the name of an open file away again, unless by now it is the name of something else. */
export function removeImageFile(path: string, fd: number): void {
  const ours = fstatSync(fd, { bigint: true })
  const named = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (named?.ino === ours.ino && named.dev === ours.dev) unlinkSync(path)
}

/**
 * Makes a file of `sizeBytes` zeros, open for reading and writing. The file and its name are durable when this returns. When it throws there is no
 * file: half of one would be taken for an image by the next who looks.
 *
 * @param fill gives the open, empty file its size, or all of its blocks. @param fsync how files and directories become durable
 * @returns the descriptor, which is the caller's to close
 * @throws {ProviderOpenError} EEXIST where something of the name exists (also a dangling symbolic link), ENOSPC, EFBIG …
 */
export function createImageFile(
  path: string,
  sizeBytes: number,
  fill: (fd: number) => void,
  fsync: (fd: number) => void = fsyncSync,
): number {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o666)
  } catch (error) {
    throw asOpenError(path, 'cannot be made', error)
  }
  try {
    fill(fd)
    fsync(fd)
    syncDirectoryOf(path, fsync)
    return fd
  } catch (error) {
    try {
      removeImageFile(path, fd)
    } finally {
      closeSync(fd)
    }
    throw asOpenError(path, `cannot be made with ${sizeBytes} bytes`, error)
  }
}
