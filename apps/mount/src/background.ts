/**
 * Going on in the background, for mount(8), which waits for its helper to return, and for people who ask for it.
 */
import { fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { CommandError } from '@bttkit/command-line'

/** mount(8), mount.fuse3 and a shell, at most, stand between the caller of mount(8) and us. */
const MAX_GENERATIONS = 4

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

/**
 * Starts this program again with the same arguments, in a session of its own, and returns when it says that it is ready.
 *
 * @throws {CommandError} with its own words when it ends before that.
 */
export async function startInBackground(): Promise<void> {
  const [, script = '', ...args] = process.argv
  const child = fork(script, [...args, '--foreground'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const isReady = await new Promise<boolean>((resolve, reject) => {
    child.once('message', () => resolve(true))
    child.once('close', () => resolve(false))
    child.once('error', reject)
  })
  if (!isReady)
    throw new CommandError(
      said.trim().replace(/^btt[- ]mount: /, '') || 'the mount ended before it was ready',
    )
  child.stderr?.destroy()
  child.disconnect()
  child.unref()
}
