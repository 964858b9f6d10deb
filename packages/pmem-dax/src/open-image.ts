import { closeSync, constants, fstatSync, fsyncSync, openSync, unlinkSync, type BigIntStats } from 'node:fs'
import { dirname } from 'node:path'
import { ProviderOpenError } from '@bttkit/interfaces'
import type { NativeCalls } from './native.ts'
import { asOpenError, errnoOf, openError } from './system-error.ts'

/** A file that is open, and ours to close. */
export interface OpenImage {
  readonly path: string
  readonly fd: number
  /** Bytes, more than 0. */
  readonly size: number
}

/** Nonblocking, or the opening of a named pipe would wait for its other end. Node sets O_CLOEXEC: no child keeps the lock after us. */
const SAFELY = constants.O_NONBLOCK

function assertMappable(path: string, stats: BigIntStats): void {
  const place = { image: path }
  if (!stats.isFile()) {
    throw new ProviderOpenError(
      place,
      'only an ordinary file, on DAX or not, can be mapped (ENODEV)',
      'ENODEV',
    )
  }
  if (stats.size === 0n)
    throw new ProviderOpenError(place, 'is empty, so there is nothing to map (EINVAL)', 'EINVAL')
}

/**
 * @param way by which the file is opened, where that is not its path
 * @throws {ProviderOpenError} ENOENT, EACCES, ENODEV for what is not a file, EINVAL for an empty one …
 */
export function openImage(path: string, readOnly: boolean, way = path): OpenImage {
  let fd: number
  try {
    fd = openSync(way, (readOnly ? constants.O_RDONLY : constants.O_RDWR) | SAFELY)
  } catch (error) {
    throw asOpenError(path, `cannot be opened for ${readOnly ? 'reading' : 'writing'}`, error)
  }
  try {
    const stats = fstatSync(fd, { bigint: true })
    assertMappable(path, stats)
    return { path, fd, size: Number(stats.size) }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Gives the file its blocks too: a store into a hole of a full file system ends the process. */
function allocate(path: string, fd: number, size: number, native: NativeCalls): void {
  const errno = native.allocate(fd, size)
  if (errno !== undefined) throw openError(path, `cannot be made with ${size} bytes`, errno)
  fsyncSync(fd)
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

function createImage(path: string, size: number, native: NativeCalls): OpenImage {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o666)
  try {
    allocate(path, fd, size, native)
    return { path, fd, size }
  } catch (error) {
    unlinkSync(path)
    closeSync(fd)
    throw asOpenError(path, 'cannot be made', error)
  }
}

/**
 * Makes a file of `size` zeros, with all of its blocks; durable with its name when this returns. One that exists already is used as it is where it has
 * this very size, and refused (EEXIST) otherwise.
 */
export function openOrCreateImage(path: string, size: number, native: NativeCalls): OpenImage {
  try {
    return createImage(path, size, native)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw asOpenError(path, 'cannot be made', error)
  }
  const image = openImage(path, false)
  if (image.size === size) return image
  closeSync(image.fd)
  const detail = `exists already, with ${image.size} bytes instead of ${size} (EEXIST)`
  throw new ProviderOpenError({ image: path }, detail, 'EEXIST')
}
