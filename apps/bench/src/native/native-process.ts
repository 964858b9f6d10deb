/** A program that answers each line with a line: native/workload.c. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { CommandError } from '@bttkit/command-line'

interface Asker {
  resolve(line: string): void
  reject(error: Error): void
}

export class NativeProcess {
  private readonly name: string
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  private readonly lines: Interface
  private readonly exited: Promise<unknown>
  private asker: Asker | undefined
  private complaint = ''
  private failure: CommandError | undefined

  constructor(name: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.name = name
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    this.exited = once(this.child, 'close').catch(() => undefined)
    this.lines = createInterface(this.child.stdout)
    this.lines.on('line', (line) => this.takeAsker()?.resolve(line))
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaint += text
    })
    this.child.on('error', (error) => this.fail(error.message))
    // Who ends while it is being told something is heard by its exit.
    this.child.stdin.on('error', () => undefined)
    this.child.on('close', (code, signal) => {
      this.fail(this.complaint.trim().split('\n')[0] || `it ended with ${code ?? signal}`)
    })
  }

  /** @throws {CommandError} where the program fails, with what it said. */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) {
        reject(this.failure)
        return
      }
      this.asker = { resolve, reject }
      this.child.stdin.write(`${command}\n`)
    })
  }

  /** Has the program close its storage and end by itself. @throws {CommandError} where it does not end well. */
  async close(): Promise<void> {
    if (this.child.exitCode === null) this.child.stdin.end()
    await this.exited
    if (this.child.exitCode !== 0) throw this.failure ?? new CommandError(`${this.name}: it did not end well`)
  }

  async end(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exited
  }

  private fail(reason: string): void {
    this.failure ??= new CommandError(`${this.name}: ${reason}`)
    this.takeAsker()?.reject(this.failure)
  }

  private takeAsker(): Asker | undefined {
    const { asker } = this
    this.asker = undefined
    return asker
  }
}
