import { spawn, type StdioOptions } from 'node:child_process'

export interface CommandResult {
  /** Exit status; `undefined` when a signal ended it, or it took too long. */
  readonly status: number | undefined
  /** What it said on stderr, in one line. */
  readonly message: string
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Descriptor that the command gets as its 3. */
  readonly inheritAs3?: number
  /** Milliseconds, then it is killed. Default: no limit. */
  readonly timeoutMs?: number
}

/**
 * Runs a command, never synchronously: mount commands look at the mount that this very thread may be serving. In the C
 * locale, because its messages tell what went wrong where the exit status does not.
 *
 * Rejects with the system's error when it cannot be started.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { inheritAs3, timeoutMs } = options
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe']
  if (inheritAs3 !== undefined) stdio.push(inheritAs3)
  return new Promise((resolve, reject) => {
    // In a session of its own: a second Ctrl-C of an impatient person must not end an unmount half-way.
    const env = { ...process.env, ...options.env, LC_ALL: 'C' }
    const child = spawn(command, args, { stdio, env, detached: true })
    const said: string[] = []
    child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text))
    const giveUp = (): void => {
      // Not waited for: who waits for an answer from a FUSE server cannot be killed before it comes.
      child.kill('SIGKILL')
      child.unref()
      child.stderr?.destroy()
      resolve({ status: undefined, message: '' })
    }
    const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (status) => {
      clearTimeout(timer)
      const message = said
        .join('')
        .trim()
        .replace(/\s*\n\s*/g, '; ')
      resolve({ status: status ?? undefined, message })
    })
  })
}
