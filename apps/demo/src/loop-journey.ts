/** The demonstration where there are loop devices: a file system on the disk, and a tree of files in it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '@bttkit/command-line'
import type { Journey } from './journey.ts'
import { ToolMissingError } from './run-tool.ts'

/** A loop device on the disk, or `undefined` with the reason said, where there is none to be had. */
async function attachLoop(journey: Journey): Promise<string | undefined> {
  try {
    const detach = (device: string): [string, ...string[]] => ['losetup', '--detach', device]
    return await journey.make(detach, 'losetup', '--find', '--show', '--direct-io=on', journey.disk)
  } catch (error) {
    journey.signal.throwIfAborted()
    await journey.skip(`no loop device is to be had here (${describeError(error)})`)
    return undefined
  }
}

async function mountFileSystem(journey: Journey, device: string, directory: string): Promise<void> {
  await journey.make(() => ['umount', directory], 'mount', '-t', 'ext4', device, directory)
}

/** Makes the file system; false, with the reason said, where there is no program for it. */
async function makeFileSystem(journey: Journey, device: string): Promise<boolean> {
  try {
    await journey.run('mkfs.ext4', '-q', '-F', device)
    return true
  } catch (error) {
    if (!(error instanceof ToolMissingError)) throw error
    await journey.skip(describeError(error))
    return false
  }
}

/** Copies a tree through a file system on the disk, and compares it after another attach. False where this cannot be done here. */
export async function copyThroughLoop(journey: Journey, tree: string): Promise<boolean> {
  const fileSystem = join(journey.folder, 'ext4')
  await journey.mount()
  await journey.say(`mounted at ${journey.mountPoint}`)
  const device = await attachLoop(journey)
  if (device === undefined || !(await makeFileSystem(journey, device))) return false
  await mkdir(fileSystem)
  await mountFileSystem(journey, device, fileSystem)
  await journey.run('cp', '-a', `${tree}/.`, fileSystem)
  const files = (await journey.run('find', fileSystem, '-type', 'f')).split('\n').length
  await journey.say(`made an ext4 file system on ${device} and copied ${files} files`)
  // The file system, the loop device and the mount.
  await journey.undo.last(3)
  await journey.say('unmounted')

  await journey.mount()
  const again = await attachLoop(journey)
  if (again === undefined) return false
  await journey.run('e2fsck', '-fn', again)
  await mountFileSystem(journey, again, fileSystem)
  await journey.run('diff', '--recursive', '--no-dereference', '--exclude=lost+found', tree, fileSystem)
  await journey.say('attached again: e2fsck finds nothing, and the copy is equal')
  await journey.undo.last(3)
  return true
}
