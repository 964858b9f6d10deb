#!/usr/bin/env node
import { mkdir } from 'node:fs/promises'
import { Command } from 'commander'
import { MountError } from '@bttkit/interfaces'
import {
  OutputClosedError,
  UsageError,
  addCommonOptions,
  describeError,
  packageVersion,
  runProgram,
  writeOutput,
} from '@bttkit/command-line'
import { mountImage, unmountOnSignals, type MountedImage } from '@bttkit/mount'
import { ensureDemoImage } from './demo-image.ts'
import { showLiveLine } from './live-line.ts'
import { demonstrateWithoutMount } from './without-mount.ts'

const DEMO_IMAGE = 'demo.btt'
const DEMO_MOUNT_POINT = 'mnt'

/** What says that this machine cannot mount at all, rather than that this image or this mount point is wrong. */
const NO_FUSE: ReadonlySet<string> = new Set(['ENODEV', 'EPERM', 'ENOSYS', 'EACCES'])

/** Says something; whoever does not listen may want the disk all the same. */
async function tell(text: string): Promise<void> {
  await writeOutput(text).catch((error: unknown) => {
    if (!(error instanceof OutputClosedError)) throw error
  })
}

function introduce(mounted: MountedImage, image: string): Promise<void> {
  const disk = `${mounted.mountPoint}/disk`
  return tell(
    `${image} is mounted; its disk is ${disk}. Stop with Ctrl-C. In another terminal try\n` +
      `  losetup --find --show --direct-io=on ${disk}    # a block device; then mkfs.ext4 on it, and mount it\n` +
      `  mkfs.ext4 -F ${disk}                            # or a file system on the file itself\n` +
      `  npx --yes pnpm@12.21.0 --silent btt info ${image}     # once it is unmounted, or: cat ${mounted.mountPoint}/info.json\n`,
  )
}

async function serve(image: string, mountPoint: string): Promise<void> {
  const mounted = await mountImage({
    image,
    mountPoint,
    onError: (message) => process.stderr.write(`${message}\n`),
  })
  const release = unmountOnSignals(mounted, 'start')
  let endLiveLine = (): void => {}
  try {
    await introduce(mounted, image).catch(async (error: unknown) => {
      await mounted.unmount({ lazy: true })
      throw error
    })
    endLiveLine = showLiveLine(() => mounted.statistics())
    await mounted.ended
  } finally {
    endLiveLine()
    release()
  }
}

async function startDemo(): Promise<void> {
  if (await ensureDemoImage(DEMO_IMAGE)) await tell(`made ${DEMO_IMAGE}, 64 MiB with sectors of 4096 bytes\n`)
  await mkdir(DEMO_MOUNT_POINT, { recursive: true })
  try {
    await serve(DEMO_IMAGE, DEMO_MOUNT_POINT)
  } catch (error) {
    if (!(error instanceof MountError && NO_FUSE.has(error.errno))) throw error
    process.stderr.write(`start: ${describeError(error)}\n`)
    await demonstrateWithoutMount(DEMO_IMAGE)
  }
}

const program = addCommonOptions(
  new Command('start'),
  packageVersion(new URL('../package.json', import.meta.url)),
)
  .description('mount an image, or a small one made for the purpose')
  .usage('[IMAGE MOUNTPOINT]')
  .argument('[IMAGE]', `path or URL of the image (default: ${DEMO_IMAGE}, made if there is none)`)
  .argument('[MOUNTPOINT]', `an empty directory (default with no arguments: ./${DEMO_MOUNT_POINT})`)
  .action(async (image?: string, mountPoint?: string) => {
    if (image === undefined) return startDemo()
    if (mountPoint === undefined) throw new UsageError('MOUNTPOINT is missing')
    return serve(image, mountPoint)
  })
await runProgram(program, process.argv.slice(2))
