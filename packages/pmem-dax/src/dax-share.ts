/**
 * One file on several threads: each opens and maps it for itself, through the descriptor of the thread that shared it, so that the file is the same
 * one whatever became of its path. The lock stays with the first: what is opened anew has no part in it.
 */
import { closeSync, fstatSync } from 'node:fs'
import { ProviderOpenError, type ProviderShare } from '@bttkit/interfaces'
import { openImage, type OpenImage } from './open-image.ts'
import type { MappedImage } from './mapped-image.ts'
import type { NativeCalls } from './native.ts'
import type { Medium } from './persistence.ts'

export const DAX_SCHEME = 'dax'

/** What another thread maps the same file from. */
export interface DaxHandle {
  readonly path: string
  /** Of the thread that shares. */
  readonly fd: number
  readonly size: number
  readonly dev: bigint
  readonly ino: bigint
  readonly readOnly: boolean
  /** The same on all threads: a flush by one method says nothing about the other, and a thread may have an environment of its own. */
  readonly medium: Medium
}

export function daxShare({ image, readOnly, medium }: MappedImage): ProviderShare {
  const { path, fd, size } = image
  const { dev, ino } = fstatSync(fd, { bigint: true })
  const handle: DaxHandle = { path, fd, size, dev, ino, readOnly, medium }
  return { scheme: DAX_SCHEME, handle }
}

function isDaxHandle(value: unknown): value is DaxHandle {
  return typeof value === 'object' && value !== null && 'fd' in value && 'ino' in value && 'medium' in value
}

/** @throws {TypeError} for a share that is not of a mapped file. */
export function daxHandleOf({ scheme, handle }: ProviderShare): DaxHandle {
  if (scheme === DAX_SCHEME && isDaxHandle(handle)) return handle
  throw new TypeError(`a share of '${scheme}:' is not one of a mapped file`)
}

/** @throws {ProviderOpenError} ESTALE or ENOENT where that thread closed it, or it is not the same file, of the same size. */
export function openSharedImage(handle: DaxHandle, native: NativeCalls): OpenImage {
  const { path, readOnly } = handle
  const image = openImage(path, { readOnly, native, way: `/proc/self/fd/${handle.fd}` })
  const { dev, ino } = fstatSync(image.fd, { bigint: true })
  if (dev === handle.dev && ino === handle.ino && image.size === handle.size) return image
  closeSync(image.fd)
  const detail = 'is not the file any more that another thread shared; perhaps that one closed it (ESTALE)'
  throw new ProviderOpenError({ image: path }, detail, 'ESTALE')
}
