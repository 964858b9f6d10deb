/** A server of a disk by FUSE: bttkit's, or another one. It runs pinned to one processor, as the one who asks it does. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '@bttkit/command-line'

const LIMIT_MS = 20_000
const LOOK_AGAIN_MS = 20

/** How to run one. */
export interface FuseRecipe {
  /** What to do first in its folder, which is empty. */
  readonly prepare?: (folder: string) => Promise<void>
  readonly command: (folder: string) => readonly string[]
  /** Where the disk appears. */
  readonly disk: (folder: string) => string
  /** What is mounted, to be unmounted if the server does not do it. */
  readonly mountPoint: (folder: string) => string
}

/** The usual one: a folder on which the server mounts a file `disk`. */
export const MOUNTED_FOLDER = {
  prepare: async (folder: string) => {
    await mkdir(join(folder, 'mnt'))
  },
  disk: (folder: string) => join(folder, 'mnt', 'disk'),
  mountPoint: (folder: string) => join(folder, 'mnt'),
} satisfies Partial<FuseRecipe>

/** A file that a server mounts itself on. */
export async function emptyFile(path: string): Promise<void> {
  await writeFile(path, '')
}

/** A file of this many bytes, all of them a hole. */
export async function sparseFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w')
  try {
    await file.truncate(sizeBytes)
  } finally {
    await file.close()
  }
}

export class FuseServer {
  readonly folder: string
  readonly disk: string
  private readonly recipe: FuseRecipe
  private readonly core: number
  private child: ChildProcess | undefined
  private exited: Promise<unknown> | undefined
  private said = ''

  constructor(folder: string, recipe: FuseRecipe, core: number) {
    this.folder = folder
    this.recipe = recipe
    this.core = core
    this.disk = recipe.disk(folder)
  }

  /** Returns when the disk is there, with so many bytes or more. @throws {CommandError} */
  async start(sizeBytes: number): Promise<void> {
    await mkdir(this.folder)
    await this.recipe.prepare?.(this.folder)
    const command = ['-c', String(this.core), ...this.recipe.command(this.folder)]
    const child = spawn('taskset', command, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.child = child
    this.exited = once(child, 'close').catch(() => undefined)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.said += text
    })
    const limit = performance.now() + LIMIT_MS
    while (!(await this.hasDisk(sizeBytes))) {
      if (child.exitCode !== null || performance.now() > limit)
        throw new CommandError(`no disk at ${this.disk}: ${this.said.trim().split('\n')[0]}`)
      await delay(LOOK_AGAIN_MS)
    }
  }

  /** Ends the server by a signal, and with it the mount. */
  async stop(): Promise<void> {
    this.child?.kill('SIGTERM')
    await Promise.race([this.exited, delay(LIMIT_MS, undefined, { ref: false })])
    if (await this.isMounted()) {
      const umount = spawn('umount', ['-l', this.recipe.mountPoint(this.folder)], { stdio: 'ignore' })
      await once(umount, 'close')
    }
    this.child?.kill('SIGKILL')
    await this.exited
  }

  /** Stops it if it runs, and removes what is left of it. */
  async end(): Promise<void> {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  private async hasDisk(sizeBytes: number): Promise<boolean> {
    try {
      return (await stat(this.disk)).size >= sizeBytes && (await this.isMounted())
    } catch {
      return false
    }
  }

  private async isMounted(): Promise<boolean> {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8')
    return mounts.includes(` ${this.recipe.mountPoint(this.folder)} `)
  }
}
