/** How mounts begin and end, cleanly and otherwise. */
import { closeSync } from 'node:fs'
import {
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rmdir,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { MountError } from '@bttkit/interfaces'
import { afterEach, describe, expect, test } from 'vitest'
import { openFuseDevice } from './mount/mount-as-root.ts'
import { mountFuse } from './mount/mount-fuse.ts'
import { mountSource } from './mount/mount-source.ts'
import { startMountWatcher } from './mount/mount-watcher.ts'
import { unmountFuse } from './mount/unmount-fuse.ts'
import {
  cannotMount,
  cleanUp,
  isAlive,
  isMounted,
  newDirectory,
  run,
  serve,
  until,
} from './mounted.test-support.ts'

afterEach(cleanUp)

async function failure(promise: Promise<unknown>): Promise<MountError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof MountError)) throw new Error(`no MountError, but ${String(error)}`)
  expect(error.message).not.toContain('\n')
  return error
}

const mountOn = (mountPoint: string, extraOptions: string[] = []): Promise<unknown> =>
  mountFuse({ mountPoint, fsName: 'test', subtype: 'test', extraOptions })

describe.skipIf(cannotMount !== undefined)(`mounting (${cannotMount ?? 'can be tested'})`, () => {
  test('a mount point that cannot be used', async () => {
    const directory = await newDirectory()
    const file = join(directory, 'file')
    await writeFile(file, '')
    try {
      expect((await failure(mountOn(directory))).errno).toBe('ENOTEMPTY')
      expect((await failure(mountOn(file))).errno).toBe('ENOTDIR')
      expect((await failure(mountOn(join(directory, 'nothing')))).errno).toBe('ENOENT')
    } finally {
      await unlink(file)
    }
    expect((await failure(mountOn(directory, ['fd=0']))).errno).toBe('EINVAL')
    expect((await failure(mountOn(directory, ['nonsense']))).errno).toBe('EINVAL')
    expect(await isMounted(directory)).toBe(false)
  })

  test('a mount point that is in use, under another name too', async () => {
    const { mountPoint } = await serve()
    expect((await failure(mountOn(mountPoint))).errno).toBe('EBUSY')
    const link = join(await newDirectory(), 'link')
    await symlink(mountPoint, link)
    try {
      expect((await failure(mountOn(link))).errno).toBe('EBUSY')
    } finally {
      await unlink(link)
    }
  })

  test('a device that is not there, or not for us', async () => {
    const error = await failure(Promise.resolve().then(() => openFuseDevice('/nonexistent')))
    expect(error).toMatchObject({ errno: 'ENODEV', message: expect.stringContaining('modprobe fuse') })
  })

  test('names and paths with everything in them', async () => {
    const directory = await newDirectory()
    const mountPoint = join(directory, String.raw`a b,ro\c`)
    await mkdir(mountPoint)
    try {
      const { fd } = await mountFuse({ mountPoint, fsName: String.raw`LABEL=x,ro,y\ z`, subtype: 'test.x' })
      expect(await isMounted(mountPoint)).toBe(true)
      const table = await readFile('/proc/self/mountinfo', 'utf8')
      const line = table.split('\n').find((candidate) => candidate.includes(directory))
      expect(line).toMatch(/ rw,nosuid,nodev,relatime/)
      expect(line).toContain(
        String.raw`- fuse.test.x ./LABEL=x,ro,y\134\040z rw,user_id=0,group_id=0,default_permissions`,
      )
      closeSync(fd)
      expect(await mountSource(mountPoint, 'test.x')).toBe(String.raw`LABEL=x,ro,y\ z`)
      expect(await mountSource(mountPoint, 'test')).toBeUndefined()
      expect(await mountSource(directory, 'test.x')).toBeUndefined()
    } finally {
      await unmountFuse(mountPoint)
      await rmdir(mountPoint)
    }
  })

  test('an unmount ends the loop, the watcher and the process', async () => {
    const server = await serve()
    const { watcherPid } = (await server.message('ready')).ready
    server.send('unmount')
    expect((await server.message('end')).end).toBe('unmounted')
    await server.message('done')
    await until('the end of the watcher', () => !isAlive(watcherPid))
    server.send('leave')
    expect(await server.ended()).toEqual({ status: 0, signal: null })
    expect(server.stderr).toBe('')
  })

  test('unmounting what is busy, and what is not mounted', async () => {
    const server = await serve()
    const file = await open(server.disk, 'r')
    expect((await failure(unmountFuse(server.mountPoint))).errno).toBe('EBUSY')
    await file.read(Buffer.alloc(10), 0, 10, 0)
    await unmountFuse(server.mountPoint, { lazy: true })
    expect(await isMounted(server.mountPoint)).toBe(false)
    // It is served as long as somebody uses it.
    expect((await file.read(Buffer.alloc(10), 0, 10, 100)).bytesRead).toBe(10)
    await file.close()
    expect((await server.message('end')).end).toBe('unmounted')
    expect((await failure(unmountFuse(server.mountPoint))).errno).toBe('EINVAL')
    expect((await failure(unmountFuse(join(server.mountPoint, 'nothing')))).errno).toBe('EINVAL')
  })

  test('a mount whose server does not answer any more is aborted: who waits gets an error, and the server ends', async () => {
    const server = await serve()
    const { pid } = server.child
    if (pid === undefined) throw new Error('no server')
    process.kill(pid, 'SIGSTOP')
    // In a process of its own: it waits for an answer that does not come.
    const reader = run('dd', `if=${server.disk}`, 'of=/dev/null', 'count=1').catch((error: unknown) => error)
    await unmountFuse(server.mountPoint, { abort: true })
    expect(await reader).toMatchObject({ stderr: expect.stringMatching(/abort|not connected|no such/i) })
    expect(await isMounted(server.mountPoint)).toBe(false)
    process.kill(pid, 'SIGCONT')
    expect((await server.message('end')).end).toBe('unmounted')
  })

  test.each([1, 2])('a stop ends %d loops and leaves the mount', async (workers) => {
    const server = await serve({ workers })
    // Somebody who guesses stops nothing.
    await expect(stat(join(server.mountPoint, '.stop-serving-0000000000000000'))).rejects.toMatchObject({
      code: 'ENOENT',
    })
    server.send('stop')
    await server.message('done')
    await until(
      'the end of all loops',
      () => server.messages.filter((message) => 'end' in message).length === workers,
    )
    expect(new Set(server.messages.flatMap((message) => ('end' in message ? [message.end] : [])))).toEqual(
      new Set(['stopped']),
    )
    expect(await isMounted(server.mountPoint)).toBe(true)
  })

  test.each([
    ['an error that nobody catches', 'throw', 1, 'nobody catches this'],
    ['process.exit', 'exit', 3, ''],
  ] as const)('%s does not hang the process', async (_, command, status, said) => {
    for (const workers of [2, 0]) {
      const server = await serve({ workers })
      await stat(server.disk)
      server.send(command)
      expect(await server.ended()).toEqual({ status, signal: null })
      expect(server.stderr).toContain(said)
      await until('the watcher to unmount', async () => !(await isMounted(server.mountPoint)))
    }
  })

  test('a server that is killed leaves no mount behind, busy or not', async () => {
    const mountPoint = join(await newDirectory(), String.raw`ü b\c`)
    await mkdir(mountPoint)
    const server = await serve({}, mountPoint)
    const { watcherPid } = (await server.message('ready')).ready
    const file = await open(server.disk, 'r')
    server.child.kill('SIGKILL')
    await until('the watcher to unmount', async () => !(await isMounted(server.mountPoint)))
    await until('the end of the watcher', () => !isAlive(watcherPid))
    await expect(file.close()).rejects.toMatchObject({ code: 'ENOTCONN' })
    await expect(stat(server.disk)).rejects.toMatchObject({ code: 'ENOENT' })
    await rmdir(mountPoint)
  })
})

describe.skipIf(cannotMount !== undefined)(`the watcher (${cannotMount ?? 'can be tested'})`, () => {
  test('has a session of its own and nothing of ours but the pipe', async () => {
    const server = await serve()
    const { watcherPid } = (await server.message('ready')).ready
    const session = (await readFile(`/proc/${watcherPid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[3]
    expect(session).toBe(String(watcherPid))
    const openFiles = async (): Promise<string[]> => {
      const descriptors = await readdir(`/proc/${watcherPid}/fd`)
      // The shell may still be loading its libraries, and close them meanwhile.
      const path = (name: string): Promise<string> =>
        readlink(`/proc/${watcherPid}/fd/${name}`).catch(() => 'closed')
      return (await Promise.all(descriptors.map(path))).filter((file) => file !== '/dev/null')
    }
    await until('only the pipe to be open', async () => (await openFiles()).length === 1)
    expect(await openFiles()).toEqual([expect.stringMatching(/^(?:socket|pipe):/)])
  })

  test('leaves a later mount on the same path alone, also when nobody said goodbye', async () => {
    const first = await serve()
    const { mountPoint } = first
    const { watcherPid } = (await first.message('ready')).ready
    // Unmounted behind the server's back: its watcher still watches.
    await unmountFuse(mountPoint)
    await first.message('end')
    const second = await serve({}, mountPoint)
    first.child.kill('SIGKILL')
    await until('the end of the first watcher', () => !isAlive(watcherPid))
    expect(await isMounted(mountPoint)).toBe(true)
    expect((await stat(second.disk)).size).toBe(1 << 20)
  })

  test('does not unmount after goodbye, and can be told twice', async () => {
    const server = await serve()
    const watcher = await startMountWatcher(server.mountPoint)
    await watcher.goodbye()
    await watcher.goodbye()
    expect(isAlive(watcher.pid)).toBe(false)
    expect((await stat(server.disk)).size).toBe(1 << 20)
  })

  test('a watcher that is gone does no harm', async () => {
    const server = await serve()
    const watcher = await startMountWatcher(server.mountPoint)
    process.kill(watcher.pid, 'SIGKILL')
    await until('its end', () => !isAlive(watcher.pid))
    await watcher.goodbye()
    expect((await stat(server.disk)).size).toBe(1 << 20)
  })

  test('is refused where nothing is mounted', async () => {
    expect((await failure(startMountWatcher(await newDirectory()))).errno).toBe('EINVAL')
  })

  test('does not hang a pipeline whose first program is killed', async () => {
    const server = await serve()
    let isOpen = true
    server.child.stdout?.resume().on('close', () => (isOpen = false))
    server.child.kill('SIGKILL')
    await until('the end of its output', () => !isOpen)
    expect(isOpen).toBe(false)
  })
})
