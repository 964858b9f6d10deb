import { rm, writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { commonOptions, declareOperands, takeOperands, writeJson, writeOutput } from '@bttkit/command-line'
import { parseMountOptions } from '@bttkit/fuse-kernel'
import { isCalledByMount, startInBackground } from './background.ts'
import { mountImage, type MountedImage } from './mount-image.ts'
import { unmountOnSignals } from './unmount-on-signals.ts'

interface MountFlags {
  readonly options: string[]
  readonly durability: 'write'
  readonly pidFile?: string
  readonly background: boolean
  readonly foreground: boolean
}

const EXAMPLES = `
The mount point shows the file \`disk\`, with the sectors of the image, and \`info.json\`.
The command stays in the foreground; an interrupt (Ctrl-C) unmounts. Called by mount(8) it returns when the disk is ready.

Examples:
  btt mount nvdimm.img /mnt/btt
  btt mount -o ro,allow_other nvdimm.img /mnt/btt
  losetup --find --show --direct-io=on /mnt/btt/disk
  mount -t fuse.btt-mount nvdimm.img /mnt/btt
`

const say = (message: string): void => void process.stderr.write(`btt mount: ${message}\n`)

function ready(command: Command, mounted: MountedImage, image: string): Promise<void> | void {
  const { json, quiet } = commonOptions(command)
  if (json) return writeJson({ image, mountPoint: mounted.mountPoint, pid: process.pid, info: mounted.info })
  for (const problem of mounted.info.problems) say(`${image}: ${problem}`)
  if (!quiet) return writeOutput(`${image} is mounted; its disk is ${mounted.mountPoint}/disk\n`)
}

async function serve(command: Command, image: string, mountPoint: string): Promise<void> {
  const flags = command.opts<MountFlags>()
  const { offset, plugin } = commonOptions(command)
  const { readOnly, allowOther, extraOptions } = parseMountOptions(flags.options.join(','))
  const mounted = await mountImage({
    image,
    mountPoint,
    readOnly,
    allowOther,
    extraOptions,
    namespaceOffset: offset,
    plugins: plugin,
    onError: say,
  })
  const release = unmountOnSignals(mounted, 'btt mount')
  try {
    if (flags.pidFile !== undefined) await writeFile(flags.pidFile, `${process.pid}\n`)
    await ready(command, mounted, image)
    // Who started us in the background waits for this.
    process.send?.('ready')
    await mounted.ended
  } catch (error) {
    if (flags.pidFile !== undefined && error instanceof Error && 'path' in error) await mounted.unmount()
    throw error
  } finally {
    release()
    if (flags.pidFile !== undefined) await rm(flags.pidFile, { force: true })
    if (process.connected) process.disconnect()
  }
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
      new Option('--durability <mode>', 'when a write is durable: `write`, when it is answered')
        .choices(['write'])
        .default('write'),
    )
    .option('--pid-file <file>', 'write the process id there while the image is mounted')
    .option('--background', 'return when the disk is ready, and go on in the background', false)
    .option('--foreground', 'stay in the foreground even when mount(8) calls', false)
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const [image = '', mountPoint = ''] = takeOperands(command)
      const { background, foreground } = command.opts<MountFlags>()
      if (!foreground && (background || (await isCalledByMount()))) await startInBackground()
      else await serve(command, image, mountPoint)
    })
}
