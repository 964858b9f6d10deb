/** Mounting without root: through fusermount3 and koffi, by a user who is nobody. */
import { execFileSync } from 'node:child_process'
import { chown } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { cannotMount, cleanUp, newDirectory, run } from './mounted.test-support.ts'

const NOBODY = 65_534
const program = fileURLToPath(new URL('user-mount.test-support.ts', import.meta.url))

/** /dev/fuse may be root's alone here: this one, in a mount name space of its own, is everybody's. */
const SCRIPT = `
device=$(mktemp) && rm "$device" && mknod -m 666 "$device" c 10 229 || exit 1
mount --bind "$device" /dev/fuse && rm "$device" || exit 1
exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups "$@"`

const asNobody = ['--mount', '--propagation', 'private', 'sh', '-c', SCRIPT, 'as-nobody']

function whyNot(): string | undefined {
  if (cannotMount !== undefined) return cannotMount
  try {
    const script = 'command -v fusermount3 && exec unshare "$@"'
    execFileSync('sh', ['-c', script, 'sh', ...asNobody, 'test', '-r', program], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'no fusermount3, no name spaces, or sources that nobody may read'
  }
}

const reason = whyNot()

afterEach(cleanUp)

test.skipIf(reason !== undefined)(`a user mounts, and unmounts (${reason ?? 'can be tested'})`, async () => {
  const directory = await newDirectory()
  await chown(directory, NOBODY, NOBODY)
  const node = [process.execPath, '--conditions=@bttkit/source', program, directory]
  const { stdout } = await run('unshare', ...asNobody, ...node)
  const seen: unknown = JSON.parse(stdout)
  expect(seen).toMatchObject({ uid: NOBODY, content: 'hello', end: 'unmounted' })
  expect(seen).toMatchObject({
    line: expect.stringContaining(String.raw` - fuse.user-test a,b\134c rw,user_id=65534`),
  })
})
