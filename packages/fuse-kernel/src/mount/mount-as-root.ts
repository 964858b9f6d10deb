import { closeSync, openSync } from 'node:fs'
import { MountError } from '@bttkit/interfaces'
import type { PreparedMount } from './prepared-mount.ts'
import { sourceArgument } from './mount-source.ts'
import { runCommand } from './run-command.ts'

/** What mount(8) says, and what it means. */
const failures: readonly (readonly [RegExp, string, string])[] = [
  [/unknown filesystem type/i, 'ENODEV', 'this kernel has no FUSE; load it with modprobe fuse'],
  [
    /permission denied|must be superuser|not permitted/i,
    'EPERM',
    'mounting needs the capability CAP_SYS_ADMIN',
  ],
  [/busy|already mounted/i, 'EBUSY', 'the mount point is in use'],
  [/wrong fs type|bad option/i, 'EINVAL', 'the kernel refused the mount options'],
]

/** Opens the device. @throws {MountError} with the remedy. */
export function openFuseDevice(path = '/dev/fuse'): number {
  try {
    return openSync(path, 'r+')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EACCES' || code === 'EPERM') {
      const remedy = 'run as root, or as a user with fuse3 installed'
      throw new MountError({}, `no permission to open ${path}; ${remedy}`, 'EPERM', { cause: error })
    }
    const remedy = 'load the kernel module with modprobe fuse, or pass the device into the container'
    throw new MountError({}, `cannot open ${path}; ${remedy}`, 'ENODEV', { cause: error })
  }
}

/**
 * The name is an argument of its own, so nothing in it can become an option. `-i`: no helper program is called, which
 * might be us.
 */
function mountArguments(mount: PreparedMount): string[] {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  const options = ['fd=3', 'rootmode=40755', `user_id=${uid}`, `group_id=${gid}`, ...mount.options]
  const type = `fuse.${mount.subtype}`
  return ['-i', '-t', type, '-o', options.join(','), '--', sourceArgument(mount.fsName), mount.mountPoint]
}

/** Mounts with mount(8), which inherits the device. Returns the device's descriptor. @throws {MountError} */
export async function mountAsRoot(mount: PreparedMount): Promise<number> {
  const fd = openFuseDevice()
  try {
    const { status, message } = await runCommand('mount', mountArguments(mount), { inheritAs3: fd })
    if (status === 0) return fd
    const [, errno, meaning] = failures.find(([pattern]) => pattern.test(message)) ?? []
    const why = meaning === undefined ? message : `${meaning} (${message})`
    throw new MountError({}, `cannot mount on ${mount.mountPoint}: ${why}`, errno ?? 'EIO')
  } catch (error) {
    closeSync(fd)
    if (error instanceof MountError) throw error
    throw new MountError({}, 'cannot run mount; install util-linux', 'ENOSYS', { cause: error })
  }
}
