import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { cpioArchive, type CpioEntry } from './cpio.ts'
import type { GuestPrograms } from './guest-programs.ts'
import type { LinuxKernel } from './linux-kernel.ts'
import { moduleClosure } from './module-closure.ts'

/** The drivers of NVDIMMs with a BTT, what folders of the host are mounted with, and FUSE for programs of ours. */
const MODULES = ['nd_btt', 'nd_pmem', 'nfit', 'virtio_pci', '9pnet_virtio', '9p', 'fuse']

const FOLDERS = ['bin', 'dev', 'job', 'lib', 'lib/x86_64-linux-gnu', 'lib64', 'modules', 'proc', 'sys', 'tmp']

/** What runs in the guest is no TypeScript, so it stays where its source is. */
const SCRIPTS = join(import.meta.dirname, '..', 'src', 'guest')

async function program(path: string, hostPath: string): Promise<CpioEntry> {
  return { kind: 'file', path, content: await readFile(hostPath), isExecutable: true }
}

async function moduleEntries({ modules }: LinuxKernel): Promise<CpioEntry[]> {
  const list = (name: string): Promise<string> => readFile(join(modules, name), 'utf8')
  const lists = { dependencies: await list('modules.dep'), builtin: await list('modules.builtin') }
  const paths = moduleClosure(lists, MODULES)
  const entries: CpioEntry[] = []
  for (const path of paths) {
    entries.push({
      kind: 'file',
      path: `modules/${basename(path)}`,
      content: await readFile(join(modules, path)),
    })
  }
  // init loads them in this order.
  const order = paths.map((path) => `${basename(path)}\n`).join('')
  return [...entries, { kind: 'file', path: 'modules/order', content: Buffer.from(order) }]
}

/** A program of the host's, with the libraries that it needs. */
export interface HostProgram {
  readonly name: string
  readonly path: string
  readonly libraries: readonly string[]
}

/** Of libraries of one name the first: that of the packages, which the loader is of as well. */
function librariesOf(programs: GuestPrograms, { libraries: more }: Pick<HostProgram, 'libraries'>): string[] {
  const byName = new Map<string, string>()
  for (const path of [...programs.libraries, ...more]) {
    const name = basename(path)
    if (!byName.has(name)) byName.set(name, path)
  }
  return [...byName.values()]
}

/**
 * The first file system of a guest: busybox, ndctl, the modules of that kernel, and `guest/init.sh`, which the kernel starts.
 *
 * @param further another program. Default: none.
 */
export async function initramfs(
  kernel: LinuxKernel,
  programs: GuestPrograms,
  further?: HostProgram,
): Promise<Buffer> {
  const paths = librariesOf(programs, further ?? { libraries: [] })
  const libraries = paths.map((path) => program(`lib/x86_64-linux-gnu/${basename(path)}`, path))
  return cpioArchive([
    ...FOLDERS.map((path) => ({ kind: 'folder', path }) as const),
    // Before there is a /dev, init has nowhere else to complain to.
    { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
    await program('init', join(SCRIPTS, 'init.sh')),
    await program('nvdimms.sh', join(SCRIPTS, 'nvdimms.sh')),
    await program('bin/busybox', programs.busybox),
    await program('bin/ndctl', programs.ndctl),
    // The shell would take its own for `dd`.
    await program('bin/gnu-dd', programs.dd),
    await program(`lib64/${basename(programs.loader)}`, programs.loader),
    ...(await Promise.all(libraries)),
    ...(further === undefined ? [] : [await program(`bin/${further.name}`, further.path)]),
    ...(await moduleEntries(kernel)),
  ])
}
