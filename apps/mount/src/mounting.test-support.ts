/** What tests of whole mounts share: they run the real program from its sources, in a folder of memory where flushes are fast. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CreateOptions } from '@bttkit/interfaces'
import { createStack } from '@bttkit/stack'

const PROGRAM = fileURLToPath(new URL('main.ts', import.meta.url))
const LIMIT_MS = 30_000

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

/** A running `btt-mount`. */
export class RunningMount {
  readonly child: ChildProcess
  /** Both outputs, as far as they have come. */
  said = ''
  readonly exited: Promise<number | string>

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, fromSource(PROGRAM, ...args), { stdio: ['ignore', 'pipe', 'pipe'] })
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
    const mount = new RunningMount(args)
    this.mounts.push(mount)
    return mount
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

  async unmount(mount: RunningMount): Promise<void> {
    mount.kill('SIGTERM')
    await mount.exited
  }

  async dispose(): Promise<void> {
    for (const mount of this.mounts) {
      if (!mount.hasExited) mount.kill('SIGKILL')
      await mount.exited
    }
    await until('the mount point is free', () => !this.isMounted())
    rmSync(this.folder, { recursive: true, force: true })
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
