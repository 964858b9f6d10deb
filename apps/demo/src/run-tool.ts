import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CommandError } from '@bttkit/command-line'

const TIME_LIMIT_MS = 120_000

const execute = promisify(execFile)

/**
 * Runs a program of the system and returns what it printed.
 *
 * @throws {CommandError} with its own words when it fails, is missing, or takes two minutes.
 */
export async function runTool(program: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(program, [...args], { timeout: TIME_LIMIT_MS, maxBuffer: 2 ** 24 })
    return stdout.trim()
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new CommandError(`${program} failed: ${said}`, { cause: error })
  }
}
