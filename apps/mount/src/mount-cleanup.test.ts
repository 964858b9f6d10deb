/** Whatever goes wrong on the way to a mount or after it: no mount, no lock, no process and no file is left. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  MIB,
  PROGRAM_COMMAND,
  Scene,
  inNamespace,
  isFree,
  run,
  until,
  whyNoFuse,
} from './mounting.test-support.ts'

const PLUGINS = new URL('provider-plugins.test-support.ts', import.meta.url).pathname

describe.skipIf(whyNoFuse() !== undefined)(`what is left ${whyNoFuse() ?? ''}`, () => {
  let scene: Scene
  beforeEach(async () => {
    scene = new Scene()
    await scene.create(17 * MIB)
  })
  afterEach(() => scene.dispose())

  async function expectNothingLeft(): Promise<void> {
    expect(scene.isMounted()).toBe(false)
    expect(await isFree(scene.image)).toBe(true)
  }

  test.each([
    ['a missing folder', 'nowhere/pid', 'ENOENT'],
    ['a name that is a folder', 'mnt', 'EISDIR'],
  ])('of a mount whose pid file has %s is nothing', async (_, name, reason) => {
    const pidFile = join(scene.folder, name)
    const mount = scene.start(scene.image, scene.mountPoint, '--pid-file', pidFile)
    expect(await mount.exited).toBe(1)
    expect(mount.said).toMatch(/^btt-mount: [^\n]+\n$/)
    expect(mount.said).toContain(reason)
    expect(existsSync(scene.mountPoint)).toBe(true)
    await expectNothingLeft()
  })

  test('of a mount is no pid file of somebody else', async () => {
    const pidFile = join(scene.folder, 'pid')
    const mount = await scene.mount('--pid-file', pidFile)
    writeFileSync(pidFile, '1\n')
    await scene.unmount(mount)
    expect(readFileSync(pidFile, 'utf8')).toBe('1\n')
  })

  test('when a signal comes as soon as the mount is made is nothing', async () => {
    const path = scene.program('mount', '/bin/mount "$@"; status=$?; kill -INT $PPID; exit $status')
    const mount = scene.startCommand([...PROGRAM_COMMAND, scene.image, scene.mountPoint], { PATH: path })
    expect(await mount.exited).toBe(0)
    await expectNothingLeft()
  })

  test('when the program that mounts is killed with its work done is nothing', async () => {
    const path = scene.program('mount', '/bin/mount "$@"; kill -KILL $$')
    const mount = scene.startCommand([...PROGRAM_COMMAND, scene.image, scene.mountPoint], { PATH: path })
    expect(await mount.exited).toBe(1)
    await expectNothingLeft()
  })

  test('when the mount cannot be watched is nothing', async () => {
    const script = `mount --bind /dev/null "$(readlink -f /bin/sh)"
      "$@"
      echo "exit $?"
      cat /proc/self/mountinfo`
    const mount = scene.startCommand(inNamespace(script, ...PROGRAM_COMMAND, scene.image, scene.mountPoint))
    await mount.exited
    expect(mount.said).toContain('cannot start /bin/sh')
    expect(mount.said).toContain('exit 1')
    expect(mount.said).not.toContain('fuse.btt-mount')
    await expectNothingLeft()
  })

  test.each(['leaving', 'endless'])('of a thread that ends by itself (%s) is nothing', async (scheme) => {
    const mount = scene.start('--plugin', PLUGINS, `${scheme}:${scene.image}`, scene.mountPoint)
    expect(await mount.exited).toBe(1)
    expect(mount.said).toMatch(/^btt-mount: [^\n]*the thread that serves it ended\n$/)
    await expectNothingLeft()
  })

  test('of a provider that leaves a timer behind is nothing', async () => {
    const mount = scene.start('--plugin', PLUGINS, `clinging:${scene.image}`, scene.mountPoint)
    await until('mounted', () => mount.said.includes('is mounted') || mount.hasExited)
    mount.kill('SIGTERM')
    expect(await mount.exited).toBe(0)
    await expectNothingLeft()
  })

  test('of a mount whose watcher was killed is nothing', async () => {
    const mount = await scene.mount()
    const watcher = run('pgrep', '--parent', String(mount.child.pid), '--full', 'mount-watcher').trim()
    run('kill', '-KILL', watcher)
    mount.kill('SIGTERM')
    expect(await mount.exited).toBe(0)
    await expectNothingLeft()
  })

  test('when standard output is closed early is the mount, until it is stopped', async () => {
    const mount = scene.start(scene.image, scene.mountPoint)
    mount.child.stdout?.destroy()
    await until('mounted', () => scene.isMounted() || mount.hasExited)
    run('stat', scene.disk)
    mount.kill('SIGTERM')
    expect(await mount.exited).toBe(0)
    await expectNothingLeft()
  })

  test('when it is started without standard streams is the mount, until it is stopped', async () => {
    const command = ['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh', ...PROGRAM_COMMAND]
    const mount = scene.startCommand([...command, scene.image, scene.mountPoint])
    await until('mounted', () => scene.isMounted() || mount.hasExited)
    run('stat', scene.disk)
    mount.kill('SIGTERM')
    await until('it has ended', () => mount.hasExited)
    expect(mount.child.exitCode).toBe(0)
    await expectNothingLeft()
  })

  test('at a signal is what somebody mounted over it', async () => {
    const mount = await scene.mount()
    run('mount', '-t', 'tmpfs', 'over-it', scene.mountPoint)
    mount.kill('SIGTERM')
    await until('it refuses', () => mount.said.includes('something else is mounted over it'))
    expect(run('findmnt', '--noheadings', '--output=SOURCE', scene.mountPoint)).toContain('over-it')
    run('umount', scene.mountPoint)
  })
})
