import { Command } from 'commander'
import { declareOperands, openStack, takeOperands, CommandError } from '@bttkit/command-line'
import { mountSource, unmountFuse } from '@bttkit/fuse-kernel'
import { ImageLockedError } from '@bttkit/interfaces'
import type { Stack } from '@bttkit/stack'

/** How long the server may take to close its image after the mount is gone. */
const RELEASE_LIMIT_MS = 30_000
const POLL_MS = 20

/** Waits until nobody has the image locked for writing: the server has flushed and closed it. */
async function waitForRelease(stack: Stack, image: string): Promise<void> {
  const limit = performance.now() + RELEASE_LIMIT_MS
  for (;;) {
    try {
      const provider = await stack.openProvider(image, { readOnly: true })
      await provider.close()
      return
    } catch (error) {
      // Storage that cannot be opened from here is nobody's to wait for.
      if (!(error instanceof ImageLockedError)) return
      if (performance.now() > limit)
        throw new CommandError(`the mount is gone, but after 30 s ${error.message}`, { cause: error })
    }
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
      const image = await mountSource(mountPoint, 'btt-mount')
      await unmountFuse(mountPoint)
      if (image !== undefined) await waitForRelease(await openStack(command), image)
    })
}
