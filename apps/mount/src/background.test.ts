import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import {
  MIB,
  PROGRAM_COMMAND,
  Scene,
  inNamespace,
  isFree,
  isRunning,
  run,
  until,
  whyNoFuse,
} from './mounting.test-support.ts'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
  scene.isInBackground = true
})
afterEach(() => scene.dispose())

/** The server's number, from the pid file. */
function serverOf(pidFile: string): number {
  return Number(readFileSync(pidFile, 'utf8'))
}

describe.skipIf(whyNoFuse() !== undefined)(`btt-mount --background ${whyNoFuse() ?? ''}`, () => {
  test('returns when the disk is ready; the server goes on, and keeps no pipe of ours open', async () => {
    await scene.create(17 * MIB)
    const pidFile = join(scene.folder, 'pid')
    const starter = scene.start('--background', '--pid-file', pidFile, scene.image, scene.mountPoint)
    // That is: it has ended, and nobody has its standard output or standard error open any more.
    expect(await starter.exited).toBe(0)
    expect(starter.said).toBe(`${scene.image} is mounted; its disk is ${scene.disk}\n`)
    expect(run('stat', '--format=%s', scene.disk).trim()).not.toBe('0')

    const server = serverOf(pidFile)
    run('kill', '-TERM', String(server))
    await until('the server has ended', () => !isRunning(server))
    expect(scene.isMounted()).toBe(false)
    expect(await isFree(scene.image)).toBe(true)
    expect(existsSync(pidFile)).toBe(false)
  })

  test('passes on what is wrong with the image, and as JSON who serves it', async () => {
    kernelImage('bad-flog-same-seq').writeTo(scene.image)
    const args = ['--background', '-o', 'ro', scene.image, scene.mountPoint]
    const starter = scene.start(...args, '--json')
    expect(await starter.exited).toBe(0)
    const { pid, info } = JSON.parse(starter.said)
    expect(isRunning(pid)).toBe(true)
    expect(info.problems[0]).toContain('sequence numbers')
    run('umount', scene.mountPoint)
    await until('the server has ended', () => !isRunning(pid))
  })

  test.each([
    [['--', '/nowhere/image', '.'], 1],
    [['-o', 'nonsense', '/nowhere/image', '.'], 2],
    [['/nowhere/image'], 2],
  ])('of %j ends with the words and the exit code of the server', async (args, code) => {
    const starter = scene.start('--background', ...args)
    expect(await starter.exited).toBe(code)
    expect(starter.said).toMatch(/^btt-mount: [^\n]+\n$/)
  })

  test('leaves no mount when the starter dies before it is ready', async () => {
    await scene.create(17 * MIB)
    const note = join(scene.folder, 'server')
    // The program that mounts is a child of the server, and that one of the starter.
    const kill = 'kill -KILL "$(ps -o ppid= -p "$PPID" | tr -d " ")"'
    const path = scene.program('mount', `${kill}; echo "$PPID" > ${note}; exec /bin/mount "$@"`)
    const starter = scene.startCommand(
      [...PROGRAM_COMMAND, '--background', scene.image, scene.mountPoint],
      { PATH: path },
    ) // oxfmt-ignore
    expect(await starter.exited).toBe('SIGKILL')
    await until('the server is known', () => existsSync(note) && serverOf(note) > 0)
    await until('the server has ended', () => !isRunning(serverOf(note)))
    expect(scene.isMounted()).toBe(false)
    expect(await isFree(scene.image)).toBe(true)
  })
})

function whyNoMountHelper(): string | undefined {
  return whyNoFuse() ?? (existsSync('/sbin/mount.fuse') ? undefined : 'fuse3 has no /sbin/mount.fuse here')
}

describe.skipIf(whyNoMountHelper() !== undefined)(
  `mount -t fuse.btt-mount ${whyNoMountHelper() ?? ''}`,
  () => {
    /** Runs a script that calls mount(8), for which `btt-mount` is a program like any other. */
    async function script(text: string): Promise<{ code: number | string; said: string }> {
      // mount(8) takes PATH away from its helpers, so the program has to be where a shell looks without one. Only the script sees it there.
      const install = `mount -t tmpfs programs /usr/local/sbin
      printf '#!/bin/sh\\nexec ${PROGRAM_COMMAND.join(' ')} "$@"\\n' > /usr/local/sbin/btt-mount
      chmod +x /usr/local/sbin/btt-mount`
      const command = inNamespace(`${install}\n${text}`, scene.image, scene.mountPoint)
      const shell = scene.startCommand(command)
      const code = await shell.exited
      return { code, said: shell.said }
    }

    test('returns without a word when the disk is ready, and umount ends it', async () => {
      await scene.create(17 * MIB)
      const mounting = 'mount -t fuse.btt-mount "$1" "$2" && stat --format=%F "$2/disk" && umount "$2"'
      expect(await script(mounting)).toEqual({ code: 0, said: 'regular file\n' })
      // umount(8) does not wait for the server.
      await vi.waitUntil(() => isFree(scene.image), { timeout: 20_000, interval: 20 })
    })

    test('passes the options on', async () => {
      await scene.create(17 * MIB)
      const mounting =
        'mount -t fuse.btt-mount -o ro,noatime "$1" "$2" && findmnt -no OPTIONS "$2" && umount "$2"'
      const { code, said } = await script(mounting)
      expect(code).toBe(0)
      expect(said).toMatch(/^ro,.*noatime/)
    })

    test('says why there is no mount, and fails', async () => {
      const { code, said } = await script('mount -t fuse.btt-mount "$1" "$2"')
      expect(code).not.toBe(0)
      expect(said).toContain(`${scene.image}: there is no such file`)
    })
  },
)
