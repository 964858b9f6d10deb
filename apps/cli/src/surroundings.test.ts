/** What lies outside of the program: an image that somebody else has, full file systems, interrupts, block devices. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import { btt, bttOk, commandLine, fingerprint, scratch } from './program.test-support.ts'

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => void setTimeout(resolve, 20))
}

/** Looking by way of the lock itself would get in the way of the other one. */
function hasLock(pid: number | undefined): boolean {
  return new RegExp(`FLOCK +ADVISORY +WRITE +${pid} `).test(readFileSync('/proc/locks', 'latin1'))
}

test('while one process writes, others may not even read, and are told which it is', async () => {
  const image = join(scratch(), 'disk.img')
  await bttOk('create', image, '--size', '17MiB', '--quiet')
  const { file, args, env } = commandLine(['write', image, '--lba', '3'])
  // It takes the lock, and then waits for its input.
  const writer = spawn(file, args, { env, stdio: ['pipe', 'inherit', 'inherit'] })
  onTestFinished(() => void writer.kill())
  await until(() => hasLock(writer.pid))
  const before = fingerprint(image)
  for (const command of [
    ['read', image, '--lba', '0'],
    ['zero', image, '--lba', '0'],
    ['salvage', image, '--out', `${image}.rescue`],
  ]) {
    const { exitCode, stderr } = await btt(command)
    expect(stderr).toMatch(
      new RegExp(`^btt: .*disk\\.img: in use: locked by pid ${writer.pid} .*\\(EBUSY\\)\n$`),
    )
    expect(exitCode).toBe(1)
  }
  expect(fingerprint(image)).toBe(before)
  writer.stdin.end(Buffer.alloc(4096, 5))
  expect(await once(writer, 'exit')).toEqual([0, null])
  expect((await bttOk('read', image, '--lba', '3')).equals(Buffer.alloc(4096, 5))).toBe(true)
})

/** A directory with a file system of its own, of so many bytes. */
function smallFileSystem(context: TestContext, sizeBytes: number): string {
  const directory = join(scratch(), 'small')
  mkdirSync(directory)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'bttkit-test', directory], {
      stdio: 'ignore',
    })
  } catch {
    context.skip('nothing can be mounted here')
  }
  // What is registered last runs first: before the directory is removed.
  onTestFinished(() => void execFileSync('umount', [directory]))
  return directory
}

function blockDevice(context: TestContext, sizeBytes: number): string {
  const path = join(scratch(), 'backing')
  writeFileSync(path, '')
  truncateSync(path, sizeBytes)
  let device: string
  try {
    device = execFileSync('losetup', ['--find', '--show', path], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return context.skip('there are no loop devices here')
  }
  onTestFinished(() => void execFileSync('losetup', ['--detach', device]))
  return device
}

test('when there is no space for a new image, none is left', async (context) => {
  const directory = smallFileSystem(context, 16 * 1024)
  const image = join(directory, 'disk.img')
  const { exitCode, stderr } = await btt(['create', image, '--size', '64MiB'])
  expect(stderr).toMatch(/^btt: .*disk\.img, byte \d+: .*no space left on device \(ENOSPC\)\n$/)
  expect(exitCode).toBe(1)
  expect(readdirSync(directory)).toEqual([])
})

test('when there is no space for what is exported, no half of it is left', async (context) => {
  const directory = scratch()
  const image = join(directory, 'disk.img')
  await bttOk('create', image, '--size', '17MiB', '--quiet')
  const input = join(directory, 'input')
  writeFileSync(input, Buffer.alloc(256 * 1024, 7))
  await bttOk('import', input, image)
  const raw = join(smallFileSystem(context, 64 * 1024), 'raw')
  const { exitCode, stderr } = await btt(['export', image, raw])
  expect(stderr).toMatch(/^btt: .*raw: no space left on device \(ENOSPC\)\n$/)
  expect(exitCode).toBe(1)
  expect(existsSync(raw)).toBe(false)
})

test('when there is no space for what is salvaged, nothing claims to be whole', async (context) => {
  const image = join(scratch(), 'disk.img')
  kernelImage('v11-4096').writeTo(image)
  const out = join(smallFileSystem(context, 256 * 1024), 'rescue')
  const { exitCode, stderr } = await btt(['salvage', image, '--out', out])
  expect(stderr).toMatch(
    /^btt: .*sectors\.img: no space left on device \(ENOSPC\); what was got until then is there\n$/,
  )
  expect(exitCode).toBe(1)
  const manifest = join(out, 'manifest.json')
  if (existsSync(manifest)) expect(readFileSync(manifest, 'utf8')).toContain('"finished": false')
})

test('an interrupt leaves no half of an export, and is still an interrupt', async () => {
  const directory = scratch()
  const [image, raw] = [join(directory, 'disk.img'), join(directory, 'raw')]
  // So large that it takes long, and all holes.
  await bttOk('create', image, '--size', '64GiB', '--quiet')
  const { file, args, env } = commandLine(['export', image, raw])
  const child = spawn(file, args, { env, stdio: 'inherit' })
  await until(() => existsSync(raw))
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT'])
  expect(existsSync(raw)).toBe(false)
})

test('a block device can hold an image, a raw disk, or both', async (context) => {
  const directory = scratch()
  const [raw, again] = [join(directory, 'raw'), join(directory, 'again')]
  writeFileSync(raw, Buffer.alloc(20 * 2 ** 20, 3))
  const [device, other] = [blockDevice(context, 24 * 2 ** 20), blockDevice(context, 24 * 2 ** 20)]
  await bttOk('create', device, '--quiet')
  await bttOk('import', raw, device)
  await bttOk('export', device, other)
  await bttOk('create', `${raw}.img`, '--size', '32MiB', '--quiet')
  await bttOk('import', other, `${raw}.img`)
  await bttOk('read', `${raw}.img`, '--lba', '0', '--count', '5120', '-o', again)
  expect(readFileSync(again).equals(readFileSync(raw))).toBe(true)
})

test('when there is no space for standard output, it says so', async () => {
  const image = join(scratch(), 'disk.img')
  await bttOk('create', image, '--size', '17MiB', '--quiet')
  const full = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(full))
  const { file, args, env } = commandLine(['info', image])
  const child = spawn(file, args, { env, stdio: ['ignore', full, 'pipe'] })
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  expect(await once(child, 'close')).toEqual([1, null])
  expect(stderr).toBe('btt: standard output: no space left on device (ENOSPC)\n')
})
