import { execFile } from 'node:child_process'
import { CommandError } from '@bttkit/command-line'

const LIMIT_MS = 120_000
const MOST_OUTPUT_BYTES = 2 ** 24

/** A program that could not be run, or failed. The message is one line: what it said itself, where it said anything. */
export class ToolError extends CommandError {}

/** Of what a program complained about, the line that says most. */
function complaintOf(stderr: string): string | undefined {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /error|not found/i.test(line)) ?? lines[0]
}

/** Runs a program to its end and returns what it printed. @throws {ToolError} */
export function runTool(program: string, args: readonly string[]): Promise<string> {
  const options = { timeout: LIMIT_MS, maxBuffer: MOST_OUTPUT_BYTES }
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else if (error.code === 'ENOENT') reject(new ToolError(`${program} is not installed`, { cause: error }))
      else reject(new ToolError(complaintOf(stderr) ?? `${program} failed`, { cause: error }))
    })
  })
}
