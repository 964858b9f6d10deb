import { MAX_TRANSFER_BYTES } from '../protocol/limits.ts'
import { mountAsRoot } from './mount-as-root.ts'
import { mountAsUser } from './mount-as-user.ts'
import { checkExtraOptions } from './mount-options.ts'
import { checkMountPoint } from './mount-point.ts'
import type { PreparedMount } from './prepared-mount.ts'

export interface MountFuseOptions {
  /** An empty directory. */
  readonly mountPoint: string
  /** What the list of mounts shows as the device; any text, such as a path. */
  readonly fsName: string
  /** The list of mounts shows the type `fuse.SUBTYPE`. Letters, digits, `.`, `_`, `-`. */
  readonly subtype: string
  /** The kernel refuses every change with EROFS. Default: false. */
  readonly readOnly?: boolean
  /** Users other than this one may use the mount, as far as modes allow. Default: false. */
  readonly allowOther?: boolean
  /** Further options as in `-o`, one each; see `parseMountOptions`. */
  readonly extraOptions?: readonly string[]
}

export interface FuseMount {
  /** The connection to the kernel, to be served and, at the end, closed by the caller. Not inherited by children. */
  readonly fd: number
  /** Absolute, without symbolic links. */
  readonly mountPoint: string
}

function prepareOptions(options: MountFuseOptions): string[] {
  const own = [
    options.readOnly === true ? 'ro' : 'rw',
    // Files are no programs of somebody else's, and no devices. `suid` and `dev` further on would win.
    'nosuid',
    'nodev',
    // Without it the kernel leaves all checks of modes to us.
    'default_permissions',
    `max_read=${MAX_TRANSFER_BYTES}`,
  ]
  if (options.allowOther === true) own.push('allow_other')
  const extra = checkExtraOptions(options.extraOptions ?? [])
  return [...new Set([...own, ...extra])]
}

/**
 * Mounts a FUSE file system: as root with mount(8), as another user with fusermount3 (which needs the optional dependency
 * koffi). The kernel waits from now on: serve `fd`, or close it.
 *
 * @throws {MountError} whose errno says which: ENOENT, ENOTDIR, ENOTEMPTY, EBUSY, EACCES (the mount point), EINVAL (an
 *   option), ENODEV (this kernel has no FUSE), EPERM (no right to mount), ENOSYS (a program or koffi is missing), EIO.
 */
export async function mountFuse(options: MountFuseOptions): Promise<FuseMount> {
  if (!/^[\w.-]+$/.test(options.subtype) || options.fsName.includes('\0')) {
    throw new TypeError(`'${options.subtype}' and '${options.fsName}' cannot be the type and name of a mount`)
  }
  const prepared: PreparedMount = {
    mountPoint: await checkMountPoint(options.mountPoint),
    fsName: options.fsName,
    subtype: options.subtype,
    options: prepareOptions(options),
  }
  const fd = process.geteuid?.() === 0 ? await mountAsRoot(prepared) : await mountAsUser(prepared)
  return { fd, mountPoint: prepared.mountPoint }
}
