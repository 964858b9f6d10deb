/** Runs `btt-bench` for tests, as a process of its own. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const NODE_OPTIONS = ['--conditions=@bttkit/source', '--disable-warning=ExperimentalWarning']

/** A program that runs. */
export interface RunningBench {
  readonly child: ChildProcessWithoutNullStreams
  readonly outcome: Promise<Outcome>
  /** Resolves when its output has this; rejects when it ends without. */
  readonly says: (pattern: RegExp) => Promise<void>
}

async function outcomeOf(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  const exited = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await exited
  return { exitCode: child.exitCode ?? -1, stdout, stderr }
}

export function startBench(...args: string[]): RunningBench {
  const child = spawn(process.execPath, [...NODE_OPTIONS, MAIN, ...args])
  const outcome = outcomeOf(child)
  let said = ''
  const says = (pattern: RegExp): Promise<void> =>
    new Promise((found, ended) => {
      child.stdout.on('data', (piece: Buffer) => {
        said += piece.toString()
        if (pattern.test(said)) found()
      })
      void outcome.then(({ stderr }) => ended(new Error(`it ended: ${stderr}`)))
    })
  return { child, outcome, says }
}

export function bench(...args: string[]): Promise<Outcome> {
  return startBench(...args).outcome
}

/** What a benchmark prints with `--json`. */
export async function benchReport<Report>(...args: string[]): Promise<Report> {
  const { exitCode, stdout, stderr } = await bench(...args, '--json')
  if (exitCode !== 0 || stderr !== '') throw new Error(`btt-bench exited with ${exitCode}: ${stderr}`)
  return JSON.parse(stdout) as Report
}
