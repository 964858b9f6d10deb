/**
 * Whether a thread of this process is still there, asked of the kernel: no event loop has to turn for it.
 *
 * Linux numbers threads as it does processes, and lists them in /proc/self/task. A number is used again some time after its thread has gone, so
 * a thread is known by its number and the moment when it started.
 *
 * A worker that was terminated is there until its last request to the thread pool has come back. That is as it should be: when it has
 * gone, its stores are over.
 *
 * Elsewhere, or where /proc is not mounted, threads have no number, and none is ever found gone.
 */
import { readFileSync, readlinkSync } from 'node:fs'

export interface KernelThread {
  /** The kernel's number, up to 2 ** 22; 0 when unknown. */
  readonly id: number
  /** When it started: the low 32 bits of the clock ticks since the system did. */
  readonly start: number
}

export const UNKNOWN_THREAD: KernelThread = Object.freeze({ id: 0, start: 0 })

/** Which field of a stat file, counted from 1 as proc(5) does, is the start time; and the first one after the name. */
const START_FIELD = 22
const FIELD_AFTER_NAME = 3

/** @throws what the system reports (ENOENT or ESRCH when there is no such thread), or that it cannot be understood */
function startOf(id: number): number {
  const stat = readFileSync(`/proc/self/task/${id}/stat`, 'latin1')
  // The second field is a name in brackets, which may have spaces and brackets of its own.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[START_FIELD - FIELD_AFTER_NAME])
  if (!Number.isSafeInteger(ticks)) throw new Error(`thread ${id} has no start time`)
  return ticks | 0
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
}

/** The thread that calls; UNKNOWN_THREAD when the system does not say. */
export function currentThread(): KernelThread {
  try {
    // PROCESS/task/THREAD, of whoever reads it; a synchronous call does so on the calling thread.
    const id = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    return { id, start: startOf(id) }
  } catch {
    return UNKNOWN_THREAD
  }
}

/** Whether a thread has gone, for certain. What cannot be found out counts as there: it may be storing yet. */
export function hasGone({ id, start }: KernelThread): boolean {
  if (id === UNKNOWN_THREAD.id) return false
  try {
    return startOf(id) !== start
  } catch (error) {
    return isMissing(error)
  }
}

/** Who tells threads apart, and knows which have gone. */
export interface ThreadWatch {
  currentThread(): KernelThread
  hasGone(thread: KernelThread): boolean
}

export const KERNEL_THREADS: ThreadWatch = Object.freeze({ currentThread, hasGone })
