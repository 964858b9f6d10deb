import { Command, Option } from 'commander'
import { MountError, type Zeroing } from '@bttkit/interfaces'
import {
  OutputClosedError,
  UsageError,
  commonOptions,
  countUpTo,
  declareOperands,
  describeError,
  takeOperands,
  writeJson,
  writeOutput,
} from '@bttkit/command-line'
import { parseMountOptions, type MountOptions } from '@bttkit/fuse-kernel'
import {
  isCalledByMount,
  reportToStarter,
  startInBackground,
  takeBackgroundRole,
  type ReadyReport,
} from './background.ts'
import type { Durability } from '@bttkit/stack'
import { MOST_WORKERS, mountImage, type MountedImage } from './mount-image.ts'
import { PidFile } from './pid-file.ts'
import { unmountOnSignals } from './unmount-on-signals.ts'

interface MountFlags {
  readonly options: string[]
  readonly durability: Durability
  readonly zeroing?: Zeroing
  readonly workers: number
  readonly pidFile?: string
  readonly background: boolean
  readonly foreground: boolean
}

const EXAMPLES = `
The mount point shows the file \`disk\`, with the sectors of the image, and \`info.json\`.
With \`--durability flush\` writes gather in memory, as in the cache of a disk: at most 32 MiB, for 5 seconds. They are committed by fsync, and at the unmount.
The command stays in the foreground; an interrupt (Ctrl-C) unmounts. Called by mount(8) it returns when the disk is ready.

Examples:
  btt mount nvdimm.img /mnt/btt
  btt mount -o ro,allow_other nvdimm.img /mnt/btt
  btt mount --durability flush nvdimm.img /mnt/btt
  losetup --find --show --direct-io=on /mnt/btt/disk
  mount -t fuse.btt-mount nvdimm.img /mnt/btt
  btt mount --namespace data nvdimm.img /mnt/btt
  mount -t fuse.btt-mount -o namespace=data nvdimm.img /mnt/btt
`

const say = (message: string): void => void process.stderr.write(`btt mount: ${message}\n`)

async function announce(command: Command, report: ReadyReport): Promise<void> {
  const { json, quiet } = commonOptions(command)
  if (json) return writeJson(report)
  for (const problem of report.info.problems) say(`${report.image}: ${problem}`)
  if (!quiet) await writeOutput(`${report.image} is mounted; its disk is ${report.mountPoint}/disk\n`)
}

/** Tells whoever waits for the mount that it is there. A failure to do so takes it down again. */
async function sayReady(
  mounted: MountedImage,
  pidFile: PidFile | undefined,
  tell: () => Promise<void>,
): Promise<void> {
  try {
    await pidFile?.write()
    await tell()
  } catch (error) {
    // Nobody reads what we say. They may want the disk all the same.
    if (error instanceof OutputClosedError) return
    await mounted.unmount({ lazy: true }).catch((failure: unknown) => say(describeError(failure)))
    throw error
  }
}

/** @throws {UsageError} for an option that nobody knows. */
function readMountOptions(lists: readonly string[]): MountOptions {
  try {
    return parseMountOptions(lists.join(','), ['durability', 'namespace'])
  } catch (error) {
    throw error instanceof MountError ? new UsageError(error.message) : error
  }
}

const DURABILITIES: readonly Durability[] = ['write', 'flush']

/** The mode of `-o durability=…`, which is how fstab(5) says it, else that of `--durability`. @throws {UsageError} for one that is none */
function readDurability({ durability }: MountFlags, { ownOptions }: MountOptions): Durability {
  const wanted = ownOptions.get('durability') ?? durability
  const known = DURABILITIES.find((mode) => mode === wanted)
  if (known !== undefined) return known
  throw new UsageError(`a durability is one of ${DURABILITIES.join(', ')}, not '${wanted}'`)
}

async function serve(
  command: Command,
  image: string,
  mountPoint: string,
  tell: (report: ReadyReport) => Promise<void>,
): Promise<void> {
  const flags = command.opts<MountFlags>()
  const { offset, namespace, plugin } = commonOptions(command)
  const mountOptions = readMountOptions(flags.options)
  const { readOnly, allowOther, extraOptions } = mountOptions
  const durability = readDurability(flags, mountOptions)
  const pidFile = flags.pidFile === undefined ? undefined : new PidFile(flags.pidFile)
  const mounted = await mountImage({
    image,
    mountPoint,
    readOnly,
    allowOther,
    extraOptions,
    workers: flags.workers,
    durability,
    namespace: mountOptions.ownOptions.get('namespace') ?? namespace,
    namespaceOffset: offset,
    zeroing: flags.zeroing,
    plugins: plugin,
    onError: say,
  })
  const release = unmountOnSignals(mounted, 'btt mount')
  try {
    await sayReady(mounted, pidFile, () =>
      tell({ image, mountPoint: mounted.mountPoint, pid: process.pid, info: mounted.info }),
    )
    await mounted.ended
  } finally {
    release()
    await pidFile?.remove()
  }
}

/** Serves the mount as the process in the background that another one waits for. */
async function serveInBackground(command: Command, image: string, mountPoint: string): Promise<void> {
  await serve(command, image, mountPoint, async (report) => {
    await reportToStarter(report)
    // The folder that somebody called us in can be unmounted or removed from now on.
    process.chdir('/')
  })
}

/** Has the mount served in the background, and returns when it is ready. */
async function serveFromBackground(command: Command, calledByMount: boolean): Promise<void> {
  const report = await startInBackground()
  if (report === undefined) return
  // mount(8) says nothing when all is well.
  if (!calledByMount) return announce(command, report)
  for (const problem of report.info.problems) say(`${report.image}: ${problem}`)
}

/** The command that mounts: `btt mount`, and all of `btt-mount`. */
export function mountCommand(name = 'mount'): Command {
  const command = new Command(name)
  declareOperands(command, { IMAGE: 'path or URL of the image', MOUNTPOINT: 'an empty directory' })
  return command
    .description('mount an image as a disk, by FUSE')
    .option(
      '-o, --options <list>',
      'mount options, apart by commas: ro, allow_other, noatime, …',
      (list: string, before: string[]) => [...before, list],
      [],
    )
    .addOption(
      new Option(
        '--durability <mode>',
        'when a write is durable: `write`, when it is answered; `flush`, when a later fsync is (also as -o durability=flush)',
      )
        .choices(DURABILITIES)
        .default('write'),
    )
    .option(
      '--workers <count>',
      `threads that serve, 1 to ${MOST_WORKERS}; more than one help where several programs use the disk at a time`,
      countUpTo(MOST_WORKERS),
      1,
    )
    .addOption(
      new Option(
        '--zeroing <how>',
        'how discarded sectors become zeros: by map entries, or by writing zeros (default: as it suits the image)',
      ).choices(['flags', 'data']),
    )
    .option('--pid-file <file>', 'write the process id there while the image is mounted')
    .option('--background', 'return when the disk is ready, and go on in the background', false)
    .option('--foreground', 'stay in the foreground even when mount(8) calls', false)
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const [image = '', mountPoint = ''] = takeOperands(command)
      const { background, foreground } = command.opts<MountFlags>()
      if (takeBackgroundRole()) return serveInBackground(command, image, mountPoint)
      const calledByMount = await isCalledByMount()
      if (!foreground && (background || calledByMount)) return serveFromBackground(command, calledByMount)
      return serve(command, image, mountPoint, (report) => announce(command, report))
    })
}
