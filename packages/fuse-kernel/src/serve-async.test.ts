/** Files that sleep, served from the event loop. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { serveAsync } from './device/serve-async.ts'
import { FuseFileSystem } from './session/fuse-file-system.ts'
import { FuseSession } from './session/fuse-session.ts'
import { cannotMount, cleanUp, isMounted, serve, until, type TestServer } from './mounted.test-support.ts'

afterEach(cleanUp)

const ignore = (): void => undefined

/** Eight programs' worth of reads and writes at a time, each in a range of its own. */
async function readAndWriteInParallel(disk: string): Promise<void> {
  await Promise.all(
    Array.from({ length: 8 }, async (_, part) => {
      const file = await open(disk, 'r+')
      for (let round = 0; round < 5; round++) {
        const data = Buffer.alloc(700, part * 16 + round + 1)
        await file.write(data, 0, 700, part * 700)
        const back = Buffer.alloc(700)
        await file.read(back, 0, 700, part * 700)
        expect(back.equals(data)).toBe(true)
      }
      await file.close()
    }),
  )
}

async function endOf(server: TestServer): Promise<{ end: string; mostUnderWay?: number }> {
  const { end, mostUnderWay } = await server.message('end')
  return { end, ...(mostUnderWay === undefined ? {} : { mostUnderWay }) }
}

describe.skipIf(cannotMount !== undefined)(
  `serving asynchronously (${cannotMount ?? 'can be tested'})`,
  () => {
    test('requests of a file that sleeps are under way side by side', async () => {
      const server = await serve({ workers: 0, delayMs: 2, directIo: true })
      await readAndWriteInParallel(server.disk)
      server.send('unmount')
      const { end, mostUnderWay } = await endOf(server)
      expect(end).toBe('unmounted')
      // libuv's pool lets four calls of the test through at a time.
      expect(mostUnderWay).toBeGreaterThan(1)
      expect(server.messages.filter((message) => 'error' in message)).toEqual([])
    })

    test('no more requests are under way than allowed', async () => {
      const server = await serve({ workers: 0, delayMs: 2, directIo: true, concurrency: 2 })
      await readAndWriteInParallel(server.disk)
      server.send('unmount')
      expect(await endOf(server)).toEqual({ end: 'unmounted', mostUnderWay: 2 })
    })

    test('through the page cache', async () => {
      const server = await serve({ workers: 0, delayMs: 1 })
      await readAndWriteInParallel(server.disk)
      server.send('unmount')
      expect((await endOf(server)).end).toBe('unmounted')
      server.send('leave')
      expect(await server.ended()).toEqual({ status: 0, signal: null })
    })

    test('a stop waits for requests under way', async () => {
      const server = await serve({ workers: 0, delayMs: 50, directIo: true })
      const file = await open(server.disk, 'r')
      const reading = file.read(Buffer.alloc(100), 0, 100, 0)
      await server.message('underWay')
      server.send('stop')
      expect((await endOf(server)).end).toBe('stopped')
      expect((await reading).bytesRead).toBe(100)
      expect(await isMounted(server.mountPoint)).toBe(true)
      server.child.kill('SIGKILL')
      await until('the watcher to unmount', async () => !(await isMounted(server.mountPoint)))
      await file.close().catch(() => undefined)
    })

    test('a program that is killed while its requests are under way harms nobody', async () => {
      const server = await serve({ workers: 0, delayMs: 20, directIo: true })
      const reader = spawn('dd', [`if=${server.disk}`, 'of=/dev/null', 'bs=512'], { stdio: 'ignore' })
      const gone = once(reader, 'exit')
      const bytesRead = async (): Promise<number> =>
        Number(/^rchar: (\d+)$/m.exec(await readFile(`/proc/${reader.pid}/io`, 'latin1'))?.[1])
      await until('dd to read', async () => (await bytesRead()) > 20_000)
      reader.kill('SIGINT')
      await gone
      await readAndWriteInParallel(server.disk)
      server.send('unmount')
      expect((await endOf(server)).end).toBe('unmounted')
      expect(server.messages.filter((message) => 'error' in message)).toEqual([])
    })

    test('a concurrency that is none is refused', async () => {
      const session = new FuseSession(new FuseFileSystem({ files: [] }))
      for (const concurrency of [0, -1, 1.5]) {
        await expect(serveAsync(-1, session, { onError: ignore, concurrency })).rejects.toThrow(TypeError)
      }
    })

    test('a descriptor that is no FUSE device ends the loop with its error', async () => {
      const session = new FuseSession(new FuseFileSystem({ files: [] }))
      await expect(serveAsync(2 ** 30, session, { onError: ignore })).rejects.toMatchObject({
        code: 'EBADF',
      })
    })
  },
)
