/** An image as an NVDIMM of the guest: its bytes are the memory, so the guest's stores are in the file at once. */
interface Nvdimm {
  readonly path: string
  /** The whole file. The label area lies at its end. */
  readonly sizeBytes: number
  /** Default 0: no label area, so the whole file is one namespace. At least 128 KiB where there is one. */
  readonly labelBytes?: number
}

/** `tcg` is QEMU's own emulation, which needs nothing of the machine. */
export type Accelerator = 'kvm' | 'tcg'

export interface Machine {
  readonly accelerator: Accelerator
  readonly cpus: number
  readonly memoryBytes: number
  readonly nvdimms: readonly Nvdimm[]
  /** The kernel, its first file system, and the folder that is /job in the guest. */
  readonly kernelImage: string
  readonly initramfs: string
  readonly job: string
  /** Folders of the host that the guest may read, by the names that it has them under. */
  readonly folders: Readonly<Record<string, string>>
  /** What the guest's console prints goes into this file. */
  readonly console: string
  /** Further words of the kernel's command line. */
  readonly kernelArguments: readonly string[]
  /** How long the script may run. */
  readonly scriptLimitMs: number
}

/** Each NVDIMM begins at a multiple of as many bytes in the guest's addresses, at most. */
const ADDRESS_STEP_BYTES = 2 ** 30

function addressSpaceBytes({ memoryBytes, nvdimms }: Machine): number {
  const steps = nvdimms.map(({ sizeBytes }) => 1 + Math.ceil(sizeBytes / ADDRESS_STEP_BYTES))
  return memoryBytes + ADDRESS_STEP_BYTES * steps.reduce((sum, count) => sum + count, 1)
}

/** In QEMU's options a comma ends a value, and two are one. */
function quoted(path: string): string {
  return path.replaceAll(',', ',,')
}

function nvdimmArguments({ path, sizeBytes, labelBytes = 0 }: Nvdimm, index: number): string[] {
  const memory = `memory-backend-file,id=memory${index},share=on,mem-path=${quoted(path)},size=${sizeBytes}`
  const label = labelBytes === 0 ? '' : `,label-size=${labelBytes}`
  return ['-object', memory, '-device', `nvdimm,id=nvdimm${index},memdev=memory${index}${label}`]
}

function folderArguments([name, path]: readonly [string, string]): string[] {
  return ['-virtfs', `local,path=${quoted(path)},mount_tag=${name},security_model=none,readonly=on`]
}

/** The arguments of qemu-system-x86_64. NVDIMM `i` is `nmem<i>`, its region `region<i>`, and its BTT `/dev/pmem<i>s`. */
export function qemuArguments(machine: Machine): string[] {
  const { accelerator, cpus, memoryBytes, nvdimms, kernelImage, job, folders, console } = machine
  const slots = nvdimms.length === 0 ? '' : `,slots=${nvdimms.length},maxmem=${addressSpaceBytes(machine)}b`
  // panic=-1 restarts at once where the kernel gives up, and -no-reboot makes that the end.
  const limit = `LIMIT_SECONDS=${Math.ceil(machine.scriptLimitMs / 1000)}`
  const given = [limit, `FOLDERS=${Object.keys(folders).join(',')}`, ...machine.kernelArguments]
  // Early on, the kernel counts ticks for a moment and gives up where they are missing: on a busy host, an emulated clock is late.
  const commandLine = ['console=ttyS0 quiet panic=-1 no_timer_check', ...given].join(' ')
  // Pairs of an option and its value.
  const options = [
    ['-display', 'none'],
    ['-monitor', 'none'],
    ['-machine', 'q35,nvdimm=on'],
    ['-cpu', 'max'],
    ['-accel', accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi'],
    ['-smp', `${cpus}`],
    ['-m', `size=${memoryBytes}b${slots}`],
    ['-kernel', kernelImage],
    ['-initrd', machine.initramfs],
    ['-append', commandLine],
    ['-chardev', `file,id=console,path=${quoted(console)}`],
    ['-serial', 'chardev:console'],
    ['-virtfs', `local,path=${quoted(job)},mount_tag=job,security_model=none`],
  ]
  return [
    '-nodefaults',
    '-no-user-config',
    '-no-reboot',
    ...options.flat(),
    ...Object.entries(folders).flatMap(folderArguments),
    ...nvdimms.flatMap(nvdimmArguments),
  ]
}
