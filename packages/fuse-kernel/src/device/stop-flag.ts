/**
 * Stopping the threads that serve a mount, from another thread, with the mount left in place.
 *
 * A thread that waits in read(2) on /dev/fuse sees no flag, and cannot be terminated. It is woken by a request: looking
 * up a name that is not there. One word says how many loops are running, and whether they shall stop; two are the token
 * in the name, so that nobody else's lookup can take the place of ours.
 *
 * Invariants:
 * - Once the flag is set, a loop that has entered ends by answering a lookup with its token, or because the mount is
 *   gone; nothing else. So exactly as many lookups as loops had entered find somebody to answer them, and none of them
 *   hangs. That is why setting the flag and counting is one atomic step.
 * - No loop enters after the flag is set.
 */
import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { randomFillSync } from 'node:crypto'
import { join } from 'node:path'
import { STOP_NAME_PREFIX } from '../session/stop-name.ts'

const STOP = 0x4000_0000
const LOOPS = STOP - 1

/** Made by `createStopFlag`; may be given to other threads. */
export type StopFlag = SharedArrayBuffer

/** A flag for the loops of one mount. */
export function createStopFlag(): StopFlag {
  const flag = new SharedArrayBuffer(12)
  new Uint8Array(flag, 4).set(randomFillSync(new Uint8Array(8)))
  return flag
}

function tokenOf(flag: StopFlag): string {
  return Buffer.from(new Uint8Array(flag, 4)).toString('hex')
}

/** Counts a loop in; false when it must not start. */
export function enterLoop(flag: StopFlag): boolean {
  const word = new Int32Array(flag)
  for (;;) {
    const before = Atomics.load(word, 0)
    if ((before & STOP) !== 0) return false
    if (Atomics.compareExchange(word, 0, before, before + 1) === before) return true
  }
}

export function leaveLoop(flag: StopFlag): void {
  Atomics.sub(new Int32Array(flag), 0, 1)
}

/** Counts a loop out that was not stopped; false when one of the lookups is for it by now, so that it has to go on until that comes. */
export function tryLeaveLoop(flag: StopFlag): boolean {
  const word = new Int32Array(flag)
  for (;;) {
    const before = Atomics.load(word, 0)
    if ((before & STOP) !== 0) return false
    if (Atomics.compareExchange(word, 0, before, before - 1) === before) return true
  }
}

/** Whether a loop that got a lookup with this token has to end. */
export function stopRequested(flag: StopFlag, token: string | undefined): boolean {
  if (token === undefined) return false
  return token === tokenOf(flag) && (Atomics.load(new Int32Array(flag), 0) & STOP) !== 0
}

/** Sets the flag; returns how many loops have to be woken, which is 0 for everyone but the first to ask. */
function setStop(flag: StopFlag): number {
  const before = Atomics.or(new Int32Array(flag), 0, STOP)
  return (before & STOP) === 0 ? before & LOOPS : 0
}

function stopName(flag: StopFlag, mountPoint: string): string {
  return join(mountPoint, STOP_NAME_PREFIX + tokenOf(flag))
}

/**
 * Makes all loops that were started with `flag` end with 'stopped', after the requests they have begun. The mount stays:
 * its programs wait until somebody serves it again, or get ENOTCONN when its descriptor is closed.
 *
 * Resolves when each loop has answered for the last time. Needs a thread of libuv's pool besides the one that
 * `serveAsync` uses. Asked for again, it does nothing.
 */
export async function requestStop(flag: StopFlag, mountPoint: string): Promise<void> {
  for (let left = setStop(flag); left > 0; left--) {
    // It fails in any case: there is no such file, or no such mount any more.
    await stat(stopName(flag, mountPoint)).catch(() => undefined)
  }
}

/**
 * Keeps the end of this process from hanging, whether by `process.exit` or by an error that nobody caught: Node joins its
 * threads, and one that waits for a request never comes. At exit another process makes the lookups; they need no answer.
 *
 * Returns a function that takes this back.
 */
export function stopOnExit(flag: StopFlag, mountPoint: string): () => void {
  const name = stopName(flag, mountPoint)
  const onExit = (): void => {
    for (let left = setStop(flag); left > 0; left--) {
      spawn('/bin/sh', ['-c', 'test -e "$1"', 'sh', name], { cwd: '/', detached: true, stdio: 'ignore' })
        .on('error', () => undefined)
        .unref()
    }
  }
  process.on('exit', onExit)
  return () => {
    process.off('exit', onExit)
  }
}
