/**
 * A process that unmounts when this one dies without saying goodbye, as by SIGKILL. Without it the mount point is left
 * with "Transport endpoint is not connected".
 *
 * It is a shell that reads a pipe: end of file without the word means death. It unmounts only what is still in the list
 * of mounts under the same device number and does not answer any more: a mount that somebody else made on the same path
 * in the meantime has a server, and stays. The name that it looks up must not be one that the kernel has in its cache,
 * from which it would answer for the dead.
 *
 * It has a session of its own, so that no Ctrl-C at the terminal and no hang-up reaches it; it holds no descriptor of the
 * parent but the pipe, so that nobody who reads the parent's output waits for it; and it does not keep the parent alive.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { resolve } from 'node:path'
import { MountError } from '@bttkit/interfaces'
import { countInheritableDescriptors } from './inherited-descriptors.ts'
import { findMount } from './mount-table.ts'

export interface MountWatcher {
  /** Process of the watcher. */
  readonly pid: number
  /** Ends the watcher, which then leaves the mount point alone; resolves when it has ended. May be said again. */
  goodbye(): Promise<void>
}

/** $1 the line of the list, in part; $2 a name in the mount that does not exist; $3 and on: the command that unmounts. */
const SCRIPT = `
trap '' HUP INT TERM
read -r word
[ "$word" = goodbye ] && exit 0
grep -qF -- "$1" /proc/self/mountinfo || exit 0
answer=$(LC_ALL=C stat -- "$2" 2>&1)
case $answer in
  *'not connected'*|*'connection abort'*) shift 2; exec "$@" ;;
esac
`

/** A process with a session of its own, whose only open file of ours is a pipe from us to its stdin. */
function spawnDetached(command: string, args: readonly string[]): ChildProcess {
  const nothing = openSync('/dev/null', 'r')
  try {
    const others = Array<number>(countInheritableDescriptors()).fill(nothing)
    return spawn(command, args, { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore', ...others] })
  } finally {
    closeSync(nothing)
  }
}

/**
 * Starts to watch a mount that this process serves; `mountPoint` as `mountFuse` returned it. Call `goodbye` when it is unmounted.
 *
 * @throws {MountError} EINVAL where nothing is mounted on `mountPoint`, ENOSYS where no process can be started.
 */
export async function startMountWatcher(mountPoint: string): Promise<MountWatcher> {
  const mount = await findMount(resolve(mountPoint))
  if (mount === undefined) throw new MountError({}, `nothing is mounted on ${mountPoint}`, 'EINVAL')
  const unmount = process.geteuid?.() === 0 ? ['umount', '-i', '-l'] : ['fusermount3', '-u', '-z']
  const line = ` ${mount.device} / ${mount.escapedPath} `
  const probe = `${mount.path}/.watcher-${randomUUID()}`
  const args = ['-c', SCRIPT, 'mount-watcher', line, probe, ...unmount, '--', mount.path]
  const child = spawnDetached('/bin/sh', args)
  const { stdin } = child
  const ended = once(child, 'exit')
  // Nobody waits for it before `goodbye`; a failure to start is told below.
  ended.catch(() => undefined)
  // A watcher that somebody killed is missed only when it would have been needed.
  stdin?.on('error', () => undefined)
  if (child.pid === undefined) {
    const [error] = await once(child, 'error')
    throw new MountError({}, 'cannot start /bin/sh to watch the mount', 'ENOSYS', { cause: error })
  }
  child.unref()
  if (stdin instanceof Socket) stdin.unref()

  const goodbye = async (): Promise<void> => {
    child.ref()
    stdin?.end('goodbye\n')
    if (child.exitCode === null && child.signalCode === null) await ended
  }
  return { pid: child.pid, goodbye }
}
