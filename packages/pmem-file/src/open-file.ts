import { closeSync, constants, fstatSync, openSync, statSync, type Stats } from 'node:fs'
import { asOpenError, createImageFile, errnoOf } from '@bttkit/image-file'
import { ProviderOpenError } from '@bttkit/interfaces'
import { blockDeviceSize } from './block-device-size.ts'
import type { SystemCalls } from './system-calls.ts'

/** A file or block device that is open, and ours to close. */
export interface OpenFile {
  readonly path: string
  readonly fd: number
  /** Bytes. */
  readonly size: number
  readonly isBlockDevice: boolean
}

export interface OpenFileOptions {
  readonly readOnly: boolean
  /** Bytes of the file to make where there is none. */
  readonly createSizeBytes?: number | undefined
  readonly system: SystemCalls
}

/** Why this kind of thing cannot hold an image; undefined where it can. */
function unsuitable(stats: Stats): { readonly what: string; readonly errno: string } | undefined {
  if (stats.isFile() || stats.isBlockDevice()) return undefined
  if (stats.isDirectory()) return { what: 'a directory', errno: 'EISDIR' }
  if (stats.isFIFO()) return { what: 'a named pipe', errno: 'EINVAL' }
  if (stats.isSocket()) return { what: 'a socket', errno: 'EINVAL' }
  if (stats.isCharacterDevice()) return { what: 'a character device', errno: 'EINVAL' }
  return { what: 'neither a file nor a block device', errno: 'EINVAL' }
}

function checkKind(path: string, stats: Stats): void {
  const reason = unsuitable(stats)
  if (reason === undefined) return
  const detail = `is ${reason.what}; an image is an ordinary file or a block device (${reason.errno})`
  throw new ProviderOpenError({ image: path }, detail, reason.errno)
}

/**
 * Looks before it opens: opening a named pipe would wait for its other end, and opening some character devices does
 * something (a tape rewinds).
 */
function isThere(path: string): boolean {
  try {
    checkKind(path, statSync(path))
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw asOpenError(path, 'cannot be opened', error)
  }
}

function openDescriptor(path: string, readOnly: boolean): number {
  try {
    // The C library of Node sets O_CLOEXEC, so that no child keeps the file, and its lock, after us.
    return openSync(path, readOnly ? constants.O_RDONLY : constants.O_RDWR)
  } catch (error) {
    throw asOpenError(path, `cannot be opened for ${readOnly ? 'reading' : 'writing'}`, error)
  }
}

function measure(path: string, fd: number, system: SystemCalls): OpenFile {
  const stats = fstatSync(fd)
  // Again: between the look and the opening the name may have been given to something else.
  checkKind(path, stats)
  const isBlockDevice = stats.isBlockDevice()
  const size = isBlockDevice ? blockDeviceSize(fd, system) : stats.size
  if (size === undefined) {
    throw new ProviderOpenError({ image: path }, 'nothing tells the size of this block device', 'ENODEV')
  }
  return { path, fd, size, isBlockDevice }
}

/**
 * Opens a file or block device, and makes a file of `createSizeBytes` zeros first where there is nothing of the name.
 * What exists already is never changed: it is used where it has that very size, and refused (EEXIST) otherwise.
 *
 * @throws {ProviderOpenError} with the errno of the system.
 */
export function openFile(path: string, options: OpenFileOptions): OpenFile {
  const { readOnly, createSizeBytes, system } = options
  if (!isThere(path)) {
    if (createSizeBytes !== undefined) {
      const truncate = (fd: number): void => system.truncate(fd, createSizeBytes)
      const fd = createImageFile(path, createSizeBytes, truncate, system.fsync)
      return { path, fd, size: createSizeBytes, isBlockDevice: false }
    }
    throw new ProviderOpenError({ image: path }, 'there is no such file (ENOENT)', 'ENOENT')
  }
  const fd = openDescriptor(path, readOnly)
  try {
    const file = measure(path, fd, system)
    if (createSizeBytes !== undefined && file.size !== createSizeBytes) {
      const detail = `exists already, with ${file.size} bytes instead of ${createSizeBytes} (EEXIST)`
      throw new ProviderOpenError({ image: path }, detail, 'EEXIST')
    }
    return file
  } catch (error) {
    closeSync(fd)
    throw asOpenError(path, 'cannot be opened', error)
  }
}
