/**
 * One file on several threads: each opens it for itself, by what the thread that shared it says of it.
 *
 * A descriptor of its own is an open file of its own. So a thread that joins has no part in the lock of the one that shared, and closing what it
 * opened does not end that lock; and the kernel tells each of them of pages that it could not write.
 */
import { closeSync, existsSync, fstatSync } from 'node:fs'
import { asOpenError } from '@bttkit/image-file'
import { ProviderOpenError, type ProviderShare } from '@bttkit/interfaces'
import { openFile, type OpenFile } from './open-file.ts'
import type { SystemCalls } from './system-calls.ts'

export const FILE_SCHEME = 'file'

/** Where Linux keeps the open files of this process: they lead there whatever became of their paths. All threads see the same. */
const DESCRIPTORS = '/proc/self/fd'

/** What tells one file or block device from all others. */
interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
  readonly rdev: bigint
}

/** What another thread opens the same file from. */
export interface FileHandle {
  readonly path: string
  /** Of the thread that shares. */
  readonly fd: number
  readonly size: number
  readonly identity: FileIdentity
  readonly readOnly: boolean
  readonly blocking: boolean
}

function identify(fd: number): FileIdentity {
  const { dev, ino, rdev } = fstatSync(fd, { bigint: true })
  return { dev, ino, rdev }
}

/** The message for another thread about a file that is open here. */
export function fileShare(file: OpenFile, mode: Pick<FileHandle, 'readOnly' | 'blocking'>): ProviderShare {
  const { path, fd, size } = file
  const handle: FileHandle = { path, fd, size, identity: identify(fd), ...mode }
  return { scheme: FILE_SCHEME, handle }
}

function isFileHandle(value: unknown): value is FileHandle {
  return (
    typeof value === 'object' && value !== null && 'path' in value && 'fd' in value && 'identity' in value
  )
}

/** @throws {TypeError} for a share that is not of a file. */
export function fileHandleOf({ scheme, handle }: ProviderShare): FileHandle {
  if (scheme === FILE_SCHEME && isFileHandle(handle)) return handle
  throw new TypeError(`a share of '${scheme}:' is not one of a file`)
}

function assertSame({ path, size, identity }: FileHandle, file: OpenFile): void {
  const place = { image: path }
  const { dev, ino, rdev } = identify(file.fd)
  if (dev !== identity.dev || ino !== identity.ino || rdev !== identity.rdev) {
    const detail = 'is not the file any more that another thread shared; perhaps that one closed it (ESTALE)'
    throw new ProviderOpenError(place, detail, 'ESTALE')
  }
  if (file.size !== size) {
    const detail = `has ${file.size} bytes, and had ${size} for the thread that shared it (ESTALE)`
    throw new ProviderOpenError(place, detail, 'ESTALE')
  }
}

function openAgain({ path, fd, readOnly }: FileHandle, system: SystemCalls, descriptors: string): OpenFile {
  const way = existsSync(descriptors) ? `${descriptors}/${fd}` : path
  try {
    return { ...openFile(way, { readOnly, system }), path }
  } catch (error) {
    const cause = asOpenError(path, 'cannot be opened', error)
    const detail = `what another thread shared cannot be opened: ${cause.message}`
    throw new ProviderOpenError({ image: path }, detail, cause.errno, { cause })
  }
}

/**
 * Opens the very file that another thread of this process has open, also when its path is gone or leads elsewhere; where there is no /proc, by its
 * path.
 *
 * @throws {ProviderOpenError} ENOENT or ESTALE where that thread closed it, or it is not the same file, of the same size; else the errno of the system.
 */
export function openSharedFile(handle: FileHandle, system: SystemCalls, descriptors = DESCRIPTORS): OpenFile {
  const file = openAgain(handle, system, descriptors)
  try {
    assertSame(handle, file)
    return file
  } catch (error) {
    closeSync(file.fd)
    throw error
  }
}
