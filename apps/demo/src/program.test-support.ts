/** What tests of whole programs share: they run them from their sources, in folders of their own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The sources are TypeScript: with what earlier runs compiled, a program starts in half the time. */
const COMPILE_CACHE = fileURLToPath(new URL('../../../node_modules/.cache/node-compile', import.meta.url))

/** The command line of a program of this folder. */
export function programCommand(name: 'start' | 'demo', ...args: readonly string[]): string[] {
  const module = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  return [process.execPath, '--conditions=@bttkit/source', module, ...args]
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** A program that was started. It is killed when the test is over. */
export class RunningProgram {
  readonly child: ChildProcess
  /** What it said on standard output so far. */
  output = ''
  /** What it said on standard error so far. */
  errors = ''
  readonly exited: Promise<number | string>

  constructor(command: readonly string[], { cwd = tmpdir(), env = {} }: RunOptions = {}) {
    const [program = '', ...args] = command
    this.child = spawn(program, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, ...env },
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
    })
    onTestFinished(async () => {
      this.child.kill('SIGKILL')
      await this.exited
    })
  }

  /** Resolves when it has said this on standard output; rejects when it ends without. */
  async says(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      const ended = await Promise.race([
        this.exited,
        new Promise<undefined>((resolve) => {
          this.child.stdout?.once('data', () => resolve(undefined))
        }),
      ])
      if (ended !== undefined && !this.output.includes(text))
        throw new Error(`it ended with ${ended}: ${this.output}${this.errors}`)
    }
  }
}

/** A folder that is gone after the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bttkit-start-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))
  return folder
}

/** Whether something is mounted in a folder, or on it. */
export function hasMounts(folder: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${folder}`)
}

/** Lets go of the mounts of other tests, which would last as long as our copies of them. */
const LET_GO = `while read -r _ _ _ _ path _; do
    case $path in */btt-mount-*|*/bttkit-*) umount -l "$path" ;; esac
  done < /proc/self/mountinfo`

/**
 * A command line that runs another one where /dev has these nodes and no others but the usual ones. What was mounted for that is gone with it.
 *
 * @param nodes such as `fuse`
 */
export function withDevices(nodes: readonly string[], command: readonly string[]): string[] {
  const script = `${LET_GO}
    mount -t tmpfs -o mode=0755 devices /mnt
    for node in null zero full random urandom ${nodes.join(' ')}; do
      touch /mnt/$node && mount --bind /dev/$node /mnt/$node || exit 99
    done
    mkdir /mnt/shm && mount --bind /dev/shm /mnt/shm
    mount --rbind /mnt /dev && umount -l /mnt && exec "$@"`
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', ...command]
}

/** A command line that runs another one where /dev/fuse is there but must not be opened. */
export function withoutPermission(command: readonly string[]): string[] {
  const script = `${LET_GO}
    mount -t tmpfs -o nodev devices /mnt && mknod /mnt/fuse c 10 229 &&
    mount --bind /mnt/fuse /dev/fuse && umount -l /mnt && exec "$@"`
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', ...command]
}

/** Why nothing can be mounted here, or `undefined`. */
export function whyNoFuse(): string | undefined {
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse'
  return process.geteuid?.() === 0 ? undefined : 'only root may hide devices and mount'
}
