/** A file system on a loop device on the file: what the file is for. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { cannotMount, cleanUp, newDirectory, run, serve } from './mounted.test-support.ts'

function whyNot(): string | undefined {
  if (cannotMount !== undefined) return cannotMount
  if (!existsSync('/dev/loop-control')) return 'no loop devices'
  try {
    execFileSync('sh', ['-c', 'command -v losetup mkfs.ext4 fsck.ext4 fstrim && losetup --find'], {
      stdio: 'ignore',
    })
    return undefined
  } catch {
    return 'losetup, mkfs.ext4, fsck.ext4 or fstrim is missing, or there is no free loop device'
  }
}

const reason = whyNot()
const undo: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step().catch(() => undefined)
  await cleanUp()
})

describe.skipIf(reason !== undefined)(`a loop device (${reason ?? 'can be tested'})`, () => {
  test.each([
    [false, 'off'],
    [false, 'on'],
    [true, 'off'],
    [true, 'on'],
  ])(
    'directIo %s, losetup --direct-io=%s: ext4 is made, filled, trimmed and checked',
    async (directIo, loopDirectIo) => {
      const { disk } = await serve({ directIo, sizeBytes: 8 << 20 })
      const loop = (
        await run('losetup', '--find', '--show', `--direct-io=${loopDirectIo}`, disk)
      ).stdout.trim()
      undo.push(() => run('losetup', '-d', loop))
      await run('mkfs.ext4', '-q', '-O', '^has_journal', loop)
      const directory = await newDirectory()
      await run('mount', '-t', 'ext4', loop, directory)
      undo.push(() => run('umount', '-l', directory))
      await run('cp', '-a', new URL('session', import.meta.url).pathname, directory)
      await run('fstrim', directory)
      await run('diff', '-r', new URL('session', import.meta.url).pathname, `${directory}/session`)
      await run('umount', directory)
      undo.pop()
      expect((await run('fsck.ext4', '-f', '-n', loop)).stdout).toMatch(/\d+\/\d+ files/)
    },
  )
})
