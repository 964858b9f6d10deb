import { readdir, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { MountError } from '@bttkit/interfaces'
import { findMount } from './mount-table.ts'

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO'
}

const explanations: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is not a directory',
  EACCES: 'cannot be entered by this user',
  ENOTCONN: 'is a mount whose server has died; unmount it first (umount -l)',
}

function refused(mountPoint: string, error: unknown): MountError {
  const code = codeOf(error)
  const explanation = explanations[code] ?? `cannot be used (${code})`
  const errno = code === 'ENOTCONN' ? 'EBUSY' : code
  return new MountError({}, `mount point ${mountPoint} ${explanation}`, errno, { cause: error })
}

async function refuseMounted(path: string): Promise<void> {
  // By the table, not by stat(2): whatever is mounted there might not answer.
  if ((await findMount(path)) !== undefined) {
    throw new MountError(
      {},
      `mount point ${path} already has something mounted on it; unmount that first`,
      'EBUSY',
    )
  }
}

/**
 * The mount point as an absolute path without symbolic links, fit to be mounted on.
 *
 * @throws {MountError} ENOENT, ENOTDIR, EACCES, EBUSY (something is mounted there) or ENOTEMPTY.
 */
export async function checkMountPoint(mountPoint: string): Promise<string> {
  await refuseMounted(resolve(mountPoint))
  let path: string
  let entries: string[]
  try {
    path = await realpath(mountPoint)
    await refuseMounted(path)
    entries = await readdir(path)
  } catch (error) {
    throw error instanceof MountError ? error : refused(mountPoint, error)
  }
  if (entries.length > 0) {
    throw new MountError({}, `mount point ${mountPoint} is not empty`, 'ENOTEMPTY')
  }
  return path
}
