/** Runs `btt` for tests: as a process of its own, or within this one where there is much to run. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'
import { runProgram } from '@bttkit/command-line'
import { buildProgram } from './index.ts'

export interface Outcome {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** Memory, where there is such a directory: a flush to a disk takes long, and each write makes four. */
const scratchRoot = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A directory that is gone after the test. */
export function scratch(): string {
  const directory = mkdtempSync(join(scratchRoot, 'bttkit-cli-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const NODE_OPTIONS = ['--conditions=@bttkit/source', '--disable-warning=ExperimentalWarning']

/** What to start, and how, to have the real program. */
export function commandLine(args: readonly string[]): {
  file: string
  args: string[]
  env: NodeJS.ProcessEnv
} {
  return { file: process.execPath, args: [...NODE_OPTIONS, MAIN, ...args], env: process.env }
}

/** The real program, as a process of its own. */
export function btt(args: readonly string[], input: Uint8Array = new Uint8Array(0)): Promise<Outcome> {
  const { file, args: all, env } = commandLine(args)
  return new Promise((resolve) => {
    const child = execFile(
      file,
      all,
      { encoding: 'buffer', maxBuffer: 2 ** 28, env },
      (_, stdout, stderr) => {
        resolve({ exitCode: child.exitCode ?? -1, stdout, stderr: stderr.toString() })
      },
    )
    // Whoever refuses to work does not read.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

function capture(stream: NodeJS.WriteStream, into: Buffer[]): () => void {
  const spy = vi
    .spyOn(stream, 'write')
    .mockImplementation((chunk: string | Uint8Array, ...rest: unknown[]) => {
      into.push(Buffer.from(chunk))
      const done = rest.at(-1)
      if (typeof done === 'function') process.nextTick(done)
      return true
    })
  return () => {
    spy.mockRestore()
  }
}

/** The same program within this process: no start-up, no standard input. One at a time. */
export async function bttHere(...args: string[]): Promise<Outcome> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  const restore = [capture(process.stdout, stdout), capture(process.stderr, stderr)]
  const before = process.exitCode
  process.exitCode = 0
  try {
    await runProgram(buildProgram(), args)
    return {
      exitCode: process.exitCode,
      stdout: Buffer.concat(stdout),
      stderr: Buffer.concat(stderr).toString(),
    }
  } finally {
    process.exitCode = before
    for (const undo of restore) undo()
  }
}

/** As `bttHere`, for what has to work. Returns standard output. */
export async function bttOk(...args: string[]): Promise<Buffer> {
  const { exitCode, stdout, stderr } = await bttHere(...args)
  if (exitCode !== 0 || stderr !== '')
    throw new Error(`btt ${args.join(' ')} exited with ${exitCode}: ${stderr}`)
  return stdout
}

/** The JSON that a command prints. */
export async function bttJson<T>(...args: string[]): Promise<T> {
  const value: T = JSON.parse((await bttOk(...args, '--json')).toString())
  return value
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Content and time of change of a file: the same before and after means that nobody touched it. */
export function fingerprint(path: string): string {
  const { mtimeNs, size } = statSync(path, { bigint: true })
  return `${sha256(readFileSync(path))} ${size} ${mtimeNs}`
}
