/**
 * A guest that runs. It ends in one of these ways, and none leaves a process behind:
 * - its script ends, or is killed after its limit, and init turns the machine off;
 * - the host's limit is over, and QEMU is killed;
 * - this process ends, however it does, and the kernel of the host kills QEMU: setpriv asks for that before it becomes QEMU.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accelerator } from './accelerator.ts'
import { guestPrograms } from './guest-programs.ts'
import { guestReport, type GuestReport } from './guest-report.ts'
import { hostNode } from './host-node.ts'
import { initramfs } from './initramfs.ts'
import { linuxKernel } from './linux-kernel.ts'
import { qemuArguments } from './qemu-arguments.ts'

export interface NvdimmFile {
  readonly path: string
  /** Bytes at the end of the file that are the label area; default 0. At least 128 KiB where there is one. */
  readonly labelBytes?: number
}

export interface GuestOptions {
  /** A package of Debian's that is or stands for a kernel; default: the current one of the machine's release. */
  readonly kernel?: string
  /** Further words of its command line, as `preempt=full`. Default: none. */
  readonly kernelArguments?: readonly string[]
  /** Image files; the i-th is `nmem<i>`, its region `region<i>`, and its BTT `/dev/pmem<i>s`. Default: none. */
  readonly nvdimms?: readonly NvdimmFile[]
  /** For the shell of busybox; it runs in /job, where it finds `files` and leaves what the caller shall have. */
  readonly script: string
  /** Default: none. */
  readonly files?: Readonly<Record<string, Uint8Array | string>>
  /** Folders of the host to read, by the names that they have at the root of the guest. Default: none. */
  readonly folders?: Readonly<Record<string, string>>
  /** Whether the Node that runs this is there, as `node`. Default false. */
  readonly hasNode?: boolean
  /** Default 2. */
  readonly cpus?: number
  /** How long the script may run, in milliseconds. To boot there is another minute or so. */
  readonly limitMs: number
}

export const DEFAULT_KERNEL = 'linux-image-amd64'
/** Under emulation on a busy machine. */
const BOOT_LIMIT_MS = 90_000
const MEMORY_BYTES = 512 * 2 ** 20
/** Node itself is in memory twice while the first file system is unpacked. */
const MEMORY_WITH_NODE_BYTES = 1536 * 2 ** 20

export class Guest {
  /** The folder that is /job in the guest. */
  readonly job: string
  private readonly qemu: ChildProcess
  private readonly folder: string
  private readonly startedAt = performance.now()
  private readonly timer: NodeJS.Timeout
  private complaints = ''
  private isOverLimit = false

  constructor(qemu: ChildProcess, folder: string, limitMs: number) {
    this.qemu = qemu
    this.folder = folder
    this.job = join(folder, 'job')
    qemu.stderr?.on('data', (text: Buffer) => (this.complaints += text.toString()))
    this.timer = setTimeout(() => {
      this.isOverLimit = true
      this.qemu.kill('SIGKILL')
    }, limitMs)
  }

  /** Of QEMU, on the host. */
  get pid(): number {
    return this.qemu.pid ?? 0
  }

  /** Stops the machine between two instructions. What it has stored is in the files. */
  pause(): void {
    this.qemu.kill('SIGSTOP')
  }

  resume(): void {
    this.qemu.kill('SIGCONT')
  }

  /** Ends the machine as a power cut would, but for what is in caches. */
  async kill(): Promise<void> {
    this.qemu.kill('SIGKILL')
    await this.ended()
  }

  /** Waits for the end of the machine and says how it went. */
  async report(): Promise<GuestReport> {
    await this.ended()
    const read = (name: string): Promise<string> => readFile(join(this.folder, name), 'utf8').catch(() => '')
    return guestReport({
      isOverLimit: this.isOverLimit,
      complaints: this.complaints,
      status: await read('job/status'),
      output: await read('job/output'),
      upSeconds: await read('job/up'),
      console: await read('console'),
      totalMs: performance.now() - this.startedAt,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }

  private async ended(): Promise<void> {
    if (this.qemu.exitCode === null && this.qemu.signalCode === null) await once(this.qemu, 'exit')
    clearTimeout(this.timer)
  }
}

/**
 * Starts a guest. Who has it disposes of it; what it left in its folder is gone then.
 *
 * @throws {Error} where packages cannot be had or QEMU cannot be started
 */
export async function startGuest(options: GuestOptions): Promise<Guest> {
  const {
    kernel: packageName = DEFAULT_KERNEL,
    nvdimms = [],
    kernelArguments = [],
    script,
    files = {},
    folders = {},
    hasNode = false,
    cpus = 2,
    limitMs,
  } = options
  const programs = await guestPrograms()
  const kernel = await linuxKernel(packageName, programs)
  const folder = await mkdtemp(join(tmpdir(), 'bttkit-guest-'))
  const job = join(folder, 'job')
  await mkdir(job)
  await writeFile(join(job, 'script.sh'), script)
  for (const [name, content] of Object.entries(files)) await writeFile(join(job, name), content)
  await writeFile(
    join(folder, 'initramfs'),
    await initramfs(kernel, programs, hasNode ? await hostNode() : undefined),
  )
  const sized = nvdimms.map(async (nvdimm) => ({ ...nvdimm, sizeBytes: (await stat(nvdimm.path)).size }))
  const qemu = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'qemu-system-x86_64',
      ...qemuArguments({
        accelerator: await accelerator(),
        cpus,
        memoryBytes: hasNode ? MEMORY_WITH_NODE_BYTES : MEMORY_BYTES,
        folders,
        kernelArguments,
        nvdimms: await Promise.all(sized),
        kernelImage: kernel.image,
        initramfs: join(folder, 'initramfs'),
        job,
        console: join(folder, 'console'),
        scriptLimitMs: limitMs,
      }),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  await once(qemu, 'spawn')
  return new Guest(qemu, folder, BOOT_LIMIT_MS + limitMs)
}
