/** What tests of whole mounts share: they run the real program from its sources, in a folder of memory where flushes are fast. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ImageLockedError, type CreateOptions } from '@bttkit/interfaces'
import { createStack } from '@bttkit/stack'

const PROGRAM = fileURLToPath(new URL('main.ts', import.meta.url))
const LIMIT_MS = 30_000

/** The sources are TypeScript: with what earlier runs compiled, a program starts in half the time. */
const COMPILE_CACHE = fileURLToPath(new URL('../../../node_modules/.cache/node-compile', import.meta.url))

export const MIB = 2 ** 20

/** Waits for a condition that some other process brings about. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const limit = performance.now() + LIMIT_MS
  while (!condition()) {
    if (performance.now() > limit) throw new Error(`waited in vain: ${what}`)
    await delay(10)
  }
}

/** The arguments for Node to run a module of the workspace from its sources. */
export function fromSource(module: string, ...args: readonly string[]): string[] {
  return ['--conditions=@bttkit/source', module, ...args]
}

/** The start of a command line that runs `btt-mount`. */
export const PROGRAM_COMMAND: readonly string[] = [process.execPath, ...fromSource(PROGRAM)]

/**
 * A command line for a script that sees mounts of its own: what it mounts or hides is gone with its last process. `$@` are the arguments.
 *
 * It holds on to no mount of other tests, and to no descriptor that was handed down to us.
 */
export function inNamespace(script: string, ...args: readonly string[]): string[] {
  const prelude = `while read -r _ _ _ _ path _; do
      case $path in */btt-mount-*|*/bttkit-*) umount -l "$path" ;; esac
    done < /proc/self/mountinfo
    for path in /proc/self/fd/*; do fd=\${path##*/}; [ "$fd" -gt 2 ] && eval "exec $fd>&-"; done
    cd /`
  return ['unshare', '--mount', 'bash', '-c', `${prelude}\n${script}`, 'bash', ...args]
}

/** A running `btt-mount`, or another command. */
export class RunningMount {
  readonly child: ChildProcess
  /** Both outputs, as far as they have come. */
  said = ''
  readonly exited: Promise<number | string>

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const [program = '', ...args] = command
    this.child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, ...env },
    })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text
      })
    }
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
    })
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }
}

/** One image, one mount point, and what runs on them; `dispose` takes all of it down. */
export class Scene {
  readonly folder: string
  readonly image: string
  readonly mountPoint: string
  /** Set by tests whose server is nobody's child. */
  isInBackground = false
  private readonly mounts: RunningMount[] = []

  constructor() {
    this.folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'btt-mount-'))
    this.image = join(this.folder, 'image.btt')
    this.mountPoint = join(this.folder, 'mnt')
    mkdirSync(this.mountPoint)
  }

  get disk(): string {
    return join(this.mountPoint, 'disk')
  }

  async create(sizeBytes: number, options: CreateOptions = {}): Promise<void> {
    await createStack().createImage(this.image, { sizeBytes, ...options })
  }

  /** Starts the program; `mounted` waits for the mount. */
  start(...args: readonly string[]): RunningMount {
    return this.startCommand([...PROGRAM_COMMAND, ...args])
  }

  /** Starts any command that ends up running the program. */
  startCommand(command: readonly string[], env: NodeJS.ProcessEnv = {}): RunningMount {
    const mount = new RunningMount(command, env)
    this.mounts.push(mount)
    return mount
  }

  /** Makes a program in a folder of the scene. Returns the value of PATH with which it is found before all others. */
  program(name: string, script: string): string {
    const folder = join(this.folder, 'bin')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    return `${folder}:${process.env['PATH'] ?? ''}`
  }

  /** Mounts the image and returns when the disk is there. */
  async mount(...options: readonly string[]): Promise<RunningMount> {
    const mount = this.start(this.image, this.mountPoint, ...options)
    await until(`mount: ${mount.said}`, () => mount.said.includes('is mounted') || mount.hasExited)
    if (mount.hasExited) throw new Error(`the mount ended: ${mount.said}`)
    return mount
  }

  isMounted(): boolean {
    return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${this.mountPoint} `)
  }

  /** Stops a mount, and asks again while it is in use: what a test took down before may take a moment to let go of it. */
  async unmount(mount: RunningMount): Promise<void> {
    mount.kill('SIGTERM')
    let refusals = 0
    await until('the mount has ended', () => {
      const now = mount.said.split('still serving').length - 1
      if (now > refusals) mount.kill('SIGTERM')
      refusals = now
      return mount.hasExited
    })
    await mount.exited
  }

  async dispose(): Promise<void> {
    for (const mount of this.mounts) {
      if (!mount.hasExited) mount.kill('SIGKILL')
      await mount.exited
    }
    // A server in the background is none of our children, and ends when its mount does.
    if (this.isInBackground && this.isMounted()) run('umount', '-i', '-l', this.mountPoint)
    await until('the mount point is free', () => !this.isMounted())
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Whether a process goes on. One that has ended may be in the list until whoever inherited it looks. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Whether the image can be opened for writing at this moment: nobody has it locked. */
export async function isFree(image: string): Promise<boolean> {
  try {
    await (await createStack().openProvider(image, { readOnly: false })).close()
    return true
  } catch (error) {
    if (error instanceof ImageLockedError) return false
    throw error
  }
}

/** Runs a program of the system and returns its output; fails when it does. */
export function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, [...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
}

/** Why there are no loop devices here, or `undefined`. */
export function whyNoLoopDevice(): string | undefined {
  try {
    run('losetup', '--find')
    return undefined
  } catch (error) {
    return `no loop device: ${String(error)}`
  }
}

/** Why nothing can be mounted here, or `undefined`. */
export function whyNoFuse(): string | undefined {
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse'
  return process.geteuid?.() === 0 ? undefined : 'only root may mount without fusermount3'
}
