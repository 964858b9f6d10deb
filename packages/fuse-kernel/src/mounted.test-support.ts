/** Starts servers of mounts for tests, and leaves nothing of them behind. Every wait has an end. */
import { execFile, fork, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findMount } from './mount/mount-table.ts'
import type { ServerCommand, ServerMessage, ServerOptions } from './mount-server.test-support.ts'

const LIMIT_MS = 10_000

/** Why nothing can be mounted here, or `undefined`. */
export const cannotMount: string | undefined =
  process.geteuid?.() !== 0 ? 'not root' : existsSync('/dev/fuse') ? undefined : 'no /dev/fuse'

export const run = (command: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(command, args, { timeout: LIMIT_MS, env: { ...process.env, LC_ALL: 'C' } })

/** Waits until `condition` holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + LIMIT_MS
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  }
}

export const isMounted = async (path: string): Promise<boolean> => (await findMount(path)) !== undefined

/** Whether a process runs; one that nobody has waited for yet does not. */
export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch {
    return false
  }
}

type MessageKey = 'ready' | 'end' | 'error' | 'done' | 'beginning' | 'underWay'
type MessageWith<Key extends MessageKey> = Extract<ServerMessage, Record<Key, unknown>>

export class TestServer {
  readonly mountPoint: string
  readonly disk: string
  readonly child: ChildProcess
  readonly messages: ServerMessage[] = []
  stderr = ''
  exit: { status: number | null; signal: string | null } | undefined

  constructor(options: ServerOptions) {
    this.mountPoint = options.mountPoint
    this.disk = join(options.mountPoint, 'disk')
    const file = new URL('mount-server.test-support.ts', import.meta.url)
    this.child = fork(file, [JSON.stringify(options)], {
      execArgv: ['--conditions=@bttkit/source'],
      silent: true,
    })
    this.child.on('message', (message: ServerMessage) => this.messages.push(message))
    this.child.on('exit', (status, signal) => (this.exit = { status, signal }))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
  }

  /** The first message of a kind, when it comes. */
  async message<Key extends MessageKey>(key: Key): Promise<MessageWith<Key>> {
    const isIt = (message: ServerMessage): message is MessageWith<Key> => key in message
    const over = (): boolean => this.messages.some(isIt) || this.exit !== undefined
    await until(`${key} from the server; it said: ${this.stderr}`, over)
    const found = this.messages.find(isIt)
    if (found === undefined) throw new Error(`the server ended without ${key}: ${this.stderr}`)
    return found
  }

  send(command: ServerCommand): void {
    this.child.send(command)
  }

  async ended(): Promise<{ status: number | null; signal: string | null }> {
    await until('the end of the server', () => this.exit !== undefined)
    return this.exit ?? { status: null, signal: null }
  }
}

const servers: TestServer[] = []
const directories: string[] = []

/** A directory of the test's own. */
export async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fuse-kernel-'))
  directories.push(directory)
  return directory
}

/** Mounts, on a directory of its own where none is given. */
export async function serve(
  options: Omit<ServerOptions, 'mountPoint'> = {},
  on?: string,
): Promise<TestServer> {
  const server = new TestServer({ ...options, mountPoint: on ?? (await newDirectory()) })
  servers.push(server)
  await server.message('ready')
  return server
}

/** Kills what still runs, and frees its mount points. */
export async function cleanUp(): Promise<void> {
  for (const server of servers.splice(0)) {
    if (server.exit === undefined) server.child.kill('SIGKILL')
    await server.ended()
  }
  for (const directory of directories.splice(0)) {
    while (await isMounted(directory)) await run('umount', '-l', directory).catch(() => undefined)
    await rmdir(directory).catch(() => undefined)
  }
}
