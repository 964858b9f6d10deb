/** What can be mapped, and how large it is: files, block devices and DAX devices. */
import { closeSync, constants, fstatSync, openSync, statSync, type BigIntStats } from 'node:fs'
import { asOpenError, findBadBlocks, openError } from '@bttkit/image-file'
import { ProviderOpenError } from '@bttkit/interfaces'
import { findDeviceDax } from './device-dax.ts'
import type { NativeCalls } from './native.ts'

type ImageKind = 'file' | 'block-device' | 'device-dax'

/** Something to map that is open, and ours to close. */
export interface OpenImage {
  readonly path: string
  readonly fd: number
  /** Bytes, more than 0. */
  readonly size: number
  readonly kind: ImageKind
  /** Whether it was made by this opening, and is to be removed where that fails. */
  readonly isNew?: true
}

export interface OpenImageOptions {
  readonly readOnly: boolean
  readonly native: NativeCalls
  /** By which it is opened, where that is not its path. */
  readonly way?: string
  /** Where the kernel describes devices. Default: `/sys`. */
  readonly sysfs?: string
}

/** Nonblocking, or the opening of a named pipe would wait for its other end. Node sets O_CLOEXEC: no child keeps the lock after us. */
const SAFELY = constants.O_NONBLOCK

function refused(path: string, detail: string, errno: string): ProviderOpenError {
  return new ProviderOpenError({ image: path }, `${detail} (${errno})`, errno)
}

function kindOf(path: string, stats: BigIntStats, sysfs: string): ImageKind {
  if (stats.isFile()) return 'file'
  if (stats.isBlockDevice()) return 'block-device'
  if (stats.isCharacterDevice() && findDeviceDax(stats.rdev, sysfs) !== undefined) return 'device-dax'
  throw refused(path, 'only a file, a block device or a DAX device can be mapped', 'ENODEV')
}

function blockDeviceSize(path: string, fd: number, device: bigint, options: OpenImageOptions): number {
  const size = options.native.sizeOf(fd)
  if (typeof size === 'string') throw openError(path, 'its size cannot be found', size)
  const [bad] = findBadBlocks(device, size, options.sysfs) ?? []
  if (bad === undefined) return size
  const where = `${bad.length} bytes from byte ${bad.offset} on`
  throw refused(path, `has lost ${where}, and to touch them in a mapping would end the process`, 'EIO')
}

function deviceDaxSize(path: string, device: bigint, sysfs: string): number {
  const dax = findDeviceDax(device, sysfs)
  if (dax === undefined) throw refused(path, 'is not the DAX device any more that it was', 'ENODEV')
  if (dax.sizeBytes % dax.alignmentBytes === 0) return dax.sizeBytes
  const detail = `has ${dax.sizeBytes} bytes, which is no multiple of its alignment of ${dax.alignmentBytes}`
  throw refused(path, detail, 'EINVAL')
}

function measure(path: string, fd: number, options: OpenImageOptions): OpenImage {
  const { sysfs = '/sys' } = options
  const stats = fstatSync(fd, { bigint: true })
  // Again: between the look and the opening the name may have been given to something else.
  const kind = kindOf(path, stats, sysfs)
  const sizes = {
    file: () => Number(stats.size),
    'block-device': () => blockDeviceSize(path, fd, stats.rdev, options),
    'device-dax': () => deviceDaxSize(path, stats.rdev, sysfs),
  }
  const size = sizes[kind]()
  if (size === 0) throw refused(path, 'is empty, so there is nothing to map', 'EINVAL')
  return { path, fd, size, kind }
}

/**
 * Looks before it opens: to open some character devices does something.
 *
 * @throws {ProviderOpenError} ENOENT, EACCES; ENODEV for what cannot be mapped, EINVAL for what is empty, EIO for a block device with bad blocks …
 */
export function openImage(path: string, options: OpenImageOptions): OpenImage {
  const { readOnly, way = path, sysfs = '/sys' } = options
  let fd: number
  try {
    kindOf(path, statSync(way, { bigint: true }), sysfs)
    fd = openSync(way, (readOnly ? constants.O_RDONLY : constants.O_RDWR) | SAFELY)
  } catch (error) {
    throw asOpenError(path, `cannot be opened for ${readOnly ? 'reading' : 'writing'}`, error)
  }
  try {
    return measure(path, fd, options)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
