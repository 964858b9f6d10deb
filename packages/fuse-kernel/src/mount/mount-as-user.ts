/**
 * Mounting without root: fusermount3, which is set-user-id root, opens /dev/fuse, mounts, and sends the descriptor over a
 * socket. Node cannot receive descriptors; the C library can, through koffi.
 */
import { closeSync } from 'node:fs'
import { MountError } from '@bttkit/interfaces'
import { loadDescriptorSocket, type DescriptorSocket } from './descriptor-socket.ts'
import type { PreparedMount } from './prepared-mount.ts'
import { runCommand } from './run-command.ts'

/** What fusermount3 says, the errno for it, and what helps where it does not say so itself. */
const failures: readonly (readonly [RegExp, string, string?])[] = [
  [
    /open \/dev\/fuse: Permission denied/,
    'EPERM',
    'run as root, or make /dev/fuse accessible to users (mode 0666)',
  ],
  [/device not found|No such (?:file|device)/, 'ENODEV', 'load the kernel module with modprobe fuse'],
  [/busy/i, 'EBUSY'],
  [/unknown option/i, 'EINVAL'],
]

/** fusermount3 cuts its options at commas too; a backslash keeps a character. */
function escapeValue(text: string): string {
  return text.replace(/[\\,]/g, '\\$&')
}

function optionArgument(mount: PreparedMount): string {
  return [...mount.options, `fsname=${escapeValue(mount.fsName)}`, `subtype=${mount.subtype}`].join(',')
}

async function runFusermount(mount: PreparedMount, socket: DescriptorSocket): Promise<void> {
  const args = ['-o', optionArgument(mount), '--', mount.mountPoint]
  let result
  try {
    result = await runCommand('fusermount3', args, {
      inheritAs3: socket.childEnd,
      env: { _FUSE_COMMFD: '3' },
    })
  } catch (error) {
    throw new MountError({}, 'cannot run fusermount3; install fuse3 or run as root', 'ENOSYS', {
      cause: error,
    })
  }
  if (result.status === 0) return
  const [, errno, remedy] = failures.find(([pattern]) => pattern.test(result.message)) ?? []
  const why = [result.message || 'fusermount3 failed', ...(remedy === undefined ? [] : [remedy])].join('; ')
  throw new MountError({}, `cannot mount on ${mount.mountPoint}: ${why}`, errno ?? 'EPERM')
}

/** Mounts with fusermount3. Returns the descriptor of the device. @throws {MountError} */
export async function mountAsUser(mount: PreparedMount): Promise<number> {
  const socket = await loadDescriptorSocket()
  try {
    await runFusermount(mount, socket)
    // It is there: fusermount3 sends before it exits.
    return socket.receiveDescriptor()
  } finally {
    closeSync(socket.childEnd)
    closeSync(socket.ownEnd)
  }
}
