import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface RunOptions {
  readonly cwd?: string
  /** Milliseconds after which it is killed. */
  readonly limitMs: number
}

/** What it prints may be a list of all files of a kernel. */
const MOST_OUTPUT_BYTES = 64 * 2 ** 20

/**
 * What a program of the host printed.
 *
 * @throws {Error} when it cannot be started, fails, or takes too long; the message has what it complained about
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { cwd, limitMs }: RunOptions,
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, {
      cwd,
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: MOST_OUTPUT_BYTES,
      // What is read here shall be the same in all languages.
      env: { ...process.env, LC_ALL: 'C' },
    })
    return stdout
  } catch (cause) {
    throw new Error(`${program} ${args[0] ?? ''}: ${whyFailed(cause, limitMs)}`, { cause })
  }
}

/** In one line: the first one of what it complained about. */
function whyFailed(cause: unknown, limitMs: number): string {
  if (!(cause instanceof Error)) return String(cause)
  if ('killed' in cause && cause.killed === true) return `it took longer than ${limitMs} ms`
  const complaint = 'stderr' in cause && typeof cause.stderr === 'string' ? cause.stderr.trim() : ''
  const [line = ''] = (complaint === '' ? cause.message : complaint).split('\n')
  return line
}
