/**
 * Going on in the background, for mount(8), which waits for its helper to return, and for people who ask for it.
 *
 * The program starts itself again in a session of its own. The one that was started first, the starter, returns when the other says that it is ready,
 * or with its words and exit code when it ends before that.
 */
import { fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { CommandError } from '@bttkit/command-line'
import type { BttInfo } from '@bttkit/interfaces'

/** What is to be told of a mount that is ready. */
export interface ReadyReport {
  readonly image: string
  readonly mountPoint: string
  /** Of the process that serves it. */
  readonly pid: number
  readonly info: BttInfo
}

/** mount(8), mount.fuse3 and a shell, at most, stand between the caller of mount(8) and us. */
const MAX_GENERATIONS = 4

/** Tells the second process that it is the second. An argument could be taken for something else, after `--`. */
const MARKER = 'BTTKIT_MOUNT_IN_BACKGROUND'

async function processOf(
  pid: number,
): Promise<{ readonly name: string; readonly parent: number } | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name stands in parentheses, and may have parentheses itself.
    const close = stat.lastIndexOf(')')
    const parent = Number(stat.slice(close + 2).split(' ')[1])
    return { name: stat.slice(stat.indexOf('(') + 1, close), parent }
  } catch {
    return undefined
  }
}

/** Whether mount(8) is among the processes that called this one. */
export async function isCalledByMount(): Promise<boolean> {
  let pid = process.ppid
  for (let generation = 0; generation < MAX_GENERATIONS && pid > 1; generation++) {
    const ancestor = await processOf(pid)
    if (ancestor === undefined) return false
    if (ancestor.name === 'mount') return true
    pid = ancestor.parent
  }
  return false
}

/** Whether this process is the one in the background. True once: its own children are none. */
export function takeBackgroundRole(): boolean {
  const isInBackground = process.env[MARKER] !== undefined && process.send !== undefined
  delete process.env[MARKER]
  return isInBackground
}

function isReadyReport(message: unknown): message is ReadyReport {
  return typeof message === 'object' && message !== null && 'pid' in message && 'info' in message
}

/**
 * Starts this program again with the same arguments, and returns when it says that it is ready. When it ends before that, its words were passed on, the
 * exit code is set to its own, and this returns `undefined`.
 *
 * @throws {CommandError} when it ends without a word
 */
export async function startInBackground(): Promise<ReadyReport | undefined> {
  const [, script = '', ...args] = process.argv
  const child = fork(script, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, [MARKER]: '1' },
  })
  let hasSpoken = false
  child.stderr?.on('data', (words: Buffer) => {
    hasSpoken = true
    process.stderr.write(words)
  })
  const end = await new Promise<ReadyReport | number>((resolve, reject) => {
    child.once('message', (message) => {
      if (isReadyReport(message)) child.send('heard', () => resolve(message))
    })
    // Not 'exit': what it said may still be on its way then.
    child.once('close', (code) => resolve(code ?? 1))
    child.once('error', reject)
  })
  if (typeof end === 'number') {
    if (!hasSpoken) throw new CommandError('the mount ended before it was ready')
    process.exitCode = end
    return undefined
  }
  child.stderr?.destroy()
  child.disconnect()
  child.unref()
  return end
}

/**
 * Tells the starter that the mount is ready, and waits until it has heard it.
 *
 * @throws {CommandError} when the starter is gone: it was interrupted, and nobody wants the mount
 */
export function reportToStarter(report: ReadyReport): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: Error | null): void =>
      reject(new CommandError('who started this in the background is gone', { cause }))
    const gone = (): void => fail()
    process.once('disconnect', gone)
    process.once('message', () => {
      process.off('disconnect', gone)
      resolve()
    })
    process.send?.(report, undefined, undefined, (error: Error | null) => {
      if (error !== null) fail(error)
    })
  })
}
