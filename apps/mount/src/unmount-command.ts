import { Command } from 'commander'
import { CommandError, declareOperands, describeError, openStack, takeOperands } from '@bttkit/command-line'
import { mountSource, unmountFuse } from '@bttkit/fuse-kernel'
import { ImageLockedError } from '@bttkit/interfaces'
import type { Stack } from '@bttkit/stack'
import { MOUNT_SUBTYPE } from './mount-image.ts'

/** How long the server may take to close its image after the mount is gone. */
const RELEASE_LIMIT_MS = 30_000
/** After so long whoever has the image open for reading is not the server, which had nothing to write. */
const READERS_LIMIT_MS = 2000
const POLL_MS = 20

/** Who has the image. The lock that this takes to find out is gone when it returns. */
async function usersOf(stack: Stack, image: string): Promise<'nobody' | 'readers' | ImageLockedError> {
  let isOpen = false
  try {
    const provider = await stack.openProvider(image, { readOnly: true })
    isOpen = true
    try {
      await provider.lock?.('exclusive')
      return 'nobody'
    } finally {
      await provider.close()
    }
  } catch (error) {
    if (!(error instanceof ImageLockedError)) throw error
    return isOpen ? 'readers' : error
  }
}

/** Waits until nobody has the image any more: the server has flushed and closed it. */
async function waitForRelease(stack: Stack, image: string): Promise<void> {
  const startMs = performance.now()
  for (;;) {
    const users = await usersOf(stack, image)
    const waitedMs = performance.now() - startMs
    if (users === 'nobody' || (users === 'readers' && waitedMs > READERS_LIMIT_MS)) return
    if (users instanceof ImageLockedError && waitedMs > RELEASE_LIMIT_MS)
      throw new CommandError(`the mount is gone, but after 30 s ${users.message}`, { cause: users })
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS)
    })
  }
}

/** The command that ends a mount: `btt unmount`. Returns when the image is closed. */
export function unmountCommand(): Command {
  const command = new Command('unmount')
  declareOperands(command, { MOUNTPOINT: 'where the image is mounted' })
  return command
    .description('unmount an image, and wait until it is closed')
    .addHelpText('after', '\nExamples:\n  btt unmount /mnt/btt\n')
    .action(async () => {
      const [mountPoint = ''] = takeOperands(command)
      const stack = await openStack(command)
      const image = await mountSource(mountPoint, MOUNT_SUBTYPE)
      // Somebody else's file system is not ours to unmount.
      if (image === undefined) throw new CommandError(`no image is mounted on ${mountPoint}`)
      await unmountFuse(mountPoint)
      try {
        await waitForRelease(stack, image)
      } catch (error) {
        if (error instanceof CommandError) throw error
        // Its file was removed, or its provider is a plugin that we were not given: there is nothing to wait by.
        process.stderr.write(
          `btt unmount: cannot tell whether the image is closed: ${describeError(error)}\n`,
        )
      }
    })
}
