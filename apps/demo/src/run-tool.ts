import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CommandError } from '@bttkit/command-line'

const TIME_LIMIT_MS = 120_000
/** diff(1) tells at length what it found. */
const MAX_REASON_CHARACTERS = 500

const execute = promisify(execFile)

/** A program that is not there. */
export class ToolMissingError extends CommandError {}

/** The program's own words, wherever it put them. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const said = (stream: 'stderr' | 'stdout'): string =>
    stream in error ? String(Reflect.get(error, stream)).trim() : ''
  return said('stderr') || said('stdout').slice(0, MAX_REASON_CHARACTERS) || error.message
}

/**
 * Runs a program of the system and returns what it printed. With a signal it can be killed.
 *
 * @throws {CommandError} with its own words when it fails, is killed, or takes two minutes; {ToolMissingError} when it is not there.
 */
export async function runTool(
  command: readonly [program: string, ...args: string[]],
  signal?: AbortSignal,
): Promise<string> {
  const [program, ...args] = command
  try {
    const { stdout } = await execute(program, args, { timeout: TIME_LIMIT_MS, maxBuffer: 2 ** 24, signal })
    return stdout.trim()
  } catch (error) {
    if (signal?.aborted === true) throw new CommandError('interrupted', { cause: error })
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (isMissing) throw new ToolMissingError(`there is no ${program}`, { cause: error })
    throw new CommandError(`${program} failed: ${reasonOf(error)}`, { cause: error })
  }
}
