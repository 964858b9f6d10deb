/** Runs `btt-bench` for tests, as a process of its own. */
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const NODE_OPTIONS = ['--conditions=@bttkit/source', '--disable-warning=ExperimentalWarning']

export function bench(...args: string[]): Promise<Outcome> {
  // Its sources are compiled once for all the processes of the tests.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...NODE_OPTIONS, MAIN, ...args],
      { env },
      (_, stdout, stderr) => {
        resolve({ exitCode: child.exitCode ?? -1, stdout, stderr })
      },
    )
  })
}

/** What a benchmark prints with `--json`. */
export async function benchReport<Report>(...args: string[]): Promise<Report> {
  const { exitCode, stdout, stderr } = await bench(...args, '--json')
  if (exitCode !== 0 || stderr !== '') throw new Error(`btt-bench exited with ${exitCode}: ${stderr}`)
  return JSON.parse(stdout) as Report
}
