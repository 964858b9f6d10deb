import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly cwd: string
  /** Default: four minutes. */
  readonly limitMs?: number
  readonly input?: Uint8Array
}

export interface CommandResult {
  readonly exitCode: number
  readonly stdout: Buffer
  /** What it wrote, both streams together, for people. */
  readonly output: string
}

const DEFAULT_LIMIT_MS = 240_000

/** What runs now. Each is a process group of its own, so that a limit, or the end of the check, ends what it has started too. */
const running = new Set<number>()

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

export function endCommands(): void {
  for (const pid of running) endGroup(pid)
}

/** Runs a program to its end, and answers with whatever it said. @throws {Error} where it cannot be started, or takes longer than its limit */
export function tryCommand(
  command: string,
  args: readonly string[],
  { cwd, limitMs = DEFAULT_LIMIT_MS, input }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, detached: true, stdio: 'pipe' })
    const { pid } = child
    if (pid !== undefined) running.add(pid)
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      if (pid !== undefined) endGroup(pid)
    }, limitMs)
    const [stdout, output]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => void (stdout.push(chunk), output.push(chunk)))
    child.stderr.on('data', (chunk: Buffer) => void output.push(chunk))
    child.stdin.on('error', () => {
      // It has not read all of its input; its exit code says what that means.
    })
    child.stdin.end(input)
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer)
      if (pid !== undefined) running.delete(pid)
      const text = Buffer.concat(output).toString()
      const end = isLate ? `took longer than ${limitMs / 1000} s` : `was ended by ${signal}`
      if (exitCode === null) reject(new Error(`${[command, ...args].join(' ')} ${end}\n${text}`))
      else resolve({ exitCode, stdout: Buffer.concat(stdout), output: text })
    })
  })
}

/** As `tryCommand`, for a program that has to succeed. @throws {Error} with all that it said, where it does not */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const result = await tryCommand(command, args, options)
  if (result.exitCode === 0) return result
  throw new Error(`${[command, ...args].join(' ')} failed with ${result.exitCode}\n${result.output}`)
}
