import { closeSync } from 'node:fs'
import { createImageFile, openError } from '@bttkit/image-file'
import { ProviderOpenError } from '@bttkit/interfaces'
import type { NativeCalls } from './native.ts'
import { openImage, type OpenImage } from './open-image.ts'

/** @throws {TypeError} for a size that no file has, and for a file to read. */
export function checkCreation(sizeBytes: number, readOnly: boolean): void {
  if (readOnly) throw new TypeError('a file that is made must be open for writing')
  if (Number.isSafeInteger(sizeBytes) && sizeBytes > 0) return
  throw new TypeError(`a file cannot be made and mapped with ${sizeBytes} bytes`)
}

function createImage(path: string, size: number, native: NativeCalls): OpenImage {
  // With its blocks: a store into a hole of a full file system ends the process.
  const allocate = (fd: number): void => {
    const errno = native.allocate(fd, size)
    if (errno !== undefined) throw openError(path, `cannot be made with ${size} bytes`, errno)
  }
  return { path, fd: createImageFile(path, size, allocate), size, kind: 'file', isNew: true }
}

/**
 * Makes a file of `size` zeros, with all of its blocks; durable with its name when this returns. What exists already is used as it is where it has
 * this very size, and refused (EEXIST) otherwise.
 */
export function openOrCreateImage(path: string, size: number, native: NativeCalls): OpenImage {
  try {
    return createImage(path, size, native)
  } catch (error) {
    if (!(error instanceof ProviderOpenError) || error.errno !== 'EEXIST') throw error
  }
  const image = openImage(path, { readOnly: false, native })
  if (image.size === size) return image
  closeSync(image.fd)
  const detail = `exists already, with ${image.size} bytes instead of ${size} (EEXIST)`
  throw new ProviderOpenError({ image: path }, detail, 'EEXIST')
}
