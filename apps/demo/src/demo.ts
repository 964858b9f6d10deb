#!/usr/bin/env node
/**
 * The whole journey without a person: create, mount, loop device, mkfs.ext4, copy a tree, unmount, attach again, compare, remove.
 *
 * Everything is made in a temporary folder and taken down again, last first, whatever fails.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import {
  addCommonOptions,
  describeError,
  packageVersion,
  runProgram,
  writeOutput,
} from '@bttkit/command-line'
import { mountImage, type MountedImage } from '@bttkit/mount'
import { ensureDemoImage } from './demo-image.ts'
import { runTool } from './run-tool.ts'

/** What is copied: this clone's own packages, without what was installed or built. */
const TREE = fileURLToPath(new URL('../../../packages', import.meta.url))

/** What has to be taken down, last first. */
class Undo {
  private readonly steps: (() => Promise<unknown>)[] = []

  add(step: () => Promise<unknown>): void {
    this.steps.push(step)
  }

  /** Takes down what was added last, in the regular course of things. */
  async last(): Promise<void> {
    await this.steps.pop()?.()
  }

  async all(): Promise<void> {
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      await step().catch((error: unknown) => process.stderr.write(`demo: ${describeError(error)}\n`))
    }
  }
}

async function say(line: string): Promise<void> {
  await writeOutput(`${line}\n`)
}

async function mounted(image: string, mountPoint: string, undo: Undo): Promise<MountedImage> {
  const result = await mountImage({
    image,
    mountPoint,
    onError: (message) => process.stderr.write(`demo: ${message}\n`),
  })
  undo.add(() => result.unmount())
  return result
}

/** A loop device on the disk, or `undefined` with the reason said, where there is none to be had. */
async function loopDevice(disk: string, undo: Undo): Promise<string | undefined> {
  try {
    const device = await runTool('losetup', '--find', '--show', '--direct-io=on', disk)
    undo.add(() => runTool('losetup', '--detach', device))
    return device
  } catch (error) {
    await say(
      `skipped: no loop device is to be had here (${describeError(error)}); comparing a file on the disk itself instead`,
    )
    return undefined
  }
}

async function mountFileSystem(device: string, directory: string, undo: Undo): Promise<void> {
  await runTool('mount', '-t', 'ext4', device, directory)
  undo.add(() => runTool('umount', directory))
}

async function copyThroughLoop(image: string, folder: string, undo: Undo): Promise<boolean> {
  const [mountPoint, fileSystem] = [join(folder, 'mnt'), join(folder, 'ext4')]
  const first = await mounted(image, mountPoint, undo)
  await say(`mounted at ${first.mountPoint}`)
  const device = await loopDevice(join(mountPoint, 'disk'), undo)
  if (device === undefined) return false
  await runTool('mkfs.ext4', '-q', '-F', device)
  await mkdir(fileSystem)
  await mountFileSystem(device, fileSystem, undo)
  await runTool('cp', '-a', `${TREE}/.`, fileSystem)
  const files = (await runTool('find', fileSystem, '-type', 'f')).split('\n').length
  await say(`made an ext4 file system on ${device} and copied ${files} files`)
  for (let step = 0; step < 3; step++) await undo.last()
  await say('unmounted')

  await mounted(image, mountPoint, undo)
  const again = await loopDevice(join(mountPoint, 'disk'), undo)
  if (again === undefined) return false
  await runTool('e2fsck', '-fn', again)
  await mountFileSystem(again, fileSystem, undo)
  await runTool('diff', '--recursive', '--no-dereference', '--exclude=lost+found', TREE, fileSystem)
  await say('attached again: e2fsck finds nothing, and the copy is equal')
  for (let step = 0; step < 3; step++) await undo.last()
  return true
}

async function copyDirectly(image: string, folder: string, undo: Undo): Promise<void> {
  await undo.all()
  const mountPoint = join(folder, 'mnt')
  const disk = join(mountPoint, 'disk')
  await mounted(image, mountPoint, undo)
  await runTool('dd', `if=${process.execPath}`, `of=${disk}`, 'bs=1M', 'count=16', 'conv=notrunc,fsync')
  await undo.last()
  await mounted(image, mountPoint, undo)
  await runTool('cmp', '--bytes=16777216', process.execPath, disk)
  await say('attached again: 16 MiB on the disk are equal')
  await undo.last()
}

async function demo(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bttkit-demo-'))
  const undo = new Undo()
  try {
    const image = join(folder, 'demo.btt')
    await ensureDemoImage(image)
    await say(`made ${image}, 64 MiB with sectors of 4096 bytes`)
    await mkdir(join(folder, 'mnt'))
    if (!(await copyThroughLoop(image, folder, undo))) await copyDirectly(image, folder, undo)
  } finally {
    await undo.all()
    await rm(folder, { recursive: true, force: true })
  }
  await say('removed everything; all was equal')
}

const program = addCommonOptions(
  new Command('demo'),
  packageVersion(new URL('../package.json', import.meta.url)),
)
  .description('create, mount, make a file system, copy, attach again, compare, remove')
  .action(demo)
await runProgram(program, process.argv.slice(2))
