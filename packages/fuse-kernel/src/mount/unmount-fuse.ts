import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { MountError } from '@bttkit/interfaces'
import { findMount } from './mount-table.ts'
import { runCommand, type CommandResult } from './run-command.ts'

export interface UnmountOptions {
  /** Takes the mount out of sight at once, and ends it when nobody uses it any more. Default: false. */
  readonly lazy?: boolean
  /**
   * Ends the connection first, also when the mount is in use: whoever waits for an answer gets an error, and so does the server. For a
   * server that can answer no more; without it, a thread that waits for a request would wait for ever. As a user other than root it needs
   * /sys/fs/fuse/connections. Default: false.
   */
  readonly abort?: boolean
  /** Milliseconds to wait for the unmounting program. Default: 30 000. */
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 30_000

const failures: readonly (readonly [RegExp, string, string])[] = [
  [/busy/i, 'EBUSY', 'it is in use'],
  [/not mounted|no mount point|not found in|no such file/i, 'EINVAL', 'nothing is mounted there'],
  [/must be superuser|not permitted|permission denied/i, 'EPERM', 'only root or who mounted it may'],
]

interface Manner {
  readonly lazy: boolean
  readonly abort: boolean
}

function unmountCommand(mountPoint: string, { lazy, abort }: Manner): readonly [string, readonly string[]] {
  const detach = lazy || abort ? ['-l'] : []
  // -i: no helper program is called, which might be us. -f: the kernel aborts the connection before it looks who uses it.
  if (process.geteuid?.() === 0) {
    return ['umount', ['-i', ...(abort ? ['-f'] : []), ...detach, '--', mountPoint]]
  }
  return ['fusermount3', ['-u', ...(detach.length > 0 ? ['-z'] : []), '--', mountPoint]]
}

/** The way to abort for one who is not root. Where it cannot be gone, the mount still goes, and its server lasts until its process ends. */
async function abortAsUser(mountPoint: string): Promise<void> {
  const mount = await findMount(resolve(mountPoint))
  const connection = mount?.device.split(':')[1]
  if (connection === undefined) return
  await writeFile(`/sys/fs/fuse/connections/${connection}/abort`, '1').catch(() => undefined)
}

/**
 * Unmounts: as root with umount(8), as another user with fusermount3. Whoever serves the mount has to go on until this is
 * over, because unmounting asks it; its loop then ends with 'unmounted'.
 *
 * @throws {MountError} EBUSY (in use), EINVAL (not mounted), EPERM, ETIMEDOUT, ENOSYS (the program is missing), EIO.
 */
export async function unmountFuse(mountPoint: string, options: UnmountOptions = {}): Promise<void> {
  const { lazy = false, abort = false, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const [command, args] = unmountCommand(mountPoint, { lazy, abort })
  if (abort && process.geteuid?.() !== 0) await abortAsUser(mountPoint)
  let result: CommandResult
  try {
    result = await runCommand(command, args, { timeoutMs })
  } catch (error) {
    const from = command === 'umount' ? 'util-linux' : 'fuse3'
    throw new MountError({}, `cannot run ${command}; install ${from}`, 'ENOSYS', { cause: error })
  }
  if (result.status === 0) return
  if (result.status === undefined) {
    throw new MountError({}, `cannot unmount ${mountPoint}: no answer within ${timeoutMs} ms`, 'ETIMEDOUT')
  }
  const [, errno, meaning] = failures.find(([pattern]) => pattern.test(result.message)) ?? []
  throw new MountError({}, `cannot unmount ${mountPoint}: ${meaning ?? result.message}`, errno ?? 'EIO')
}
