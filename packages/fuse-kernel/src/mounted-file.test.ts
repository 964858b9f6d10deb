/** The files of a mount as programs see them: through the kernel, page cache and all. */
import { constants } from 'node:fs'
import {
  copyFile,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
  chmod,
  mkdir,
} from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cannotMount, cleanUp, newDirectory, run, serve, type TestServer } from './mounted.test-support.ts'

const { O_DIRECT, O_RDONLY, O_RDWR } = constants
/** No multiple of a page, nor of a sector. */
const SIZE = 600_077

/** One server each for all tests: files keep what the test before left in them. */
let servers: Record<'cached' | 'direct' | 'readOnly' | 'twoThreads', TestServer>

beforeAll(async () => {
  if (cannotMount !== undefined) return
  const sizeBytes = SIZE
  const [cached, direct, readOnly, twoThreads] = await Promise.all([
    serve({ sizeBytes }),
    serve({ sizeBytes, directIo: true }),
    serve({ sizeBytes, readOnly: true }),
    serve({ sizeBytes, directIo: true, workers: 2 }),
  ])
  servers = { cached, direct, readOnly, twoThreads }
})

afterAll(cleanUp)

/** Bytes that tell where they are. */
function pattern(length: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 7 + seed) % 251))
}

describe.skipIf(cannotMount !== undefined)(`a mounted file (${cannotMount ?? 'can be tested'})`, () => {
  test.each(['cached', 'direct'] as const)('reads and writes any range; %s', async (kind) => {
    const { disk } = servers[kind]
    const expected = Buffer.alloc(SIZE)
    await writeFile(disk, expected)
    const file = await open(disk, 'r+')
    try {
      for (const [at, length] of [
        [333, 100],
        [4095, 2],
        [511, 4098],
        [0, 1],
        [200_001, 300_003],
        [SIZE - 1, 1],
      ] as const) {
        const data = pattern(length, at)
        data.copy(expected, at)
        expect((await file.write(data, 0, length, at)).bytesWritten).toBe(length)
      }
      const whole = Buffer.alloc(SIZE + 1000)
      const { bytesRead } = await file.read(whole, 0, whole.length, 0)
      expect(bytesRead).toBe(SIZE)
      expect(whole.subarray(0, bytesRead).equals(expected)).toBe(true)
      const part = Buffer.alloc(4099)
      await file.read(part, 0, part.length, 510)
      expect(part.equals(expected.subarray(510, 510 + 4099))).toBe(true)
    } finally {
      await file.close()
    }
  })

  test('a range through O_DIRECT', async () => {
    const { disk } = servers.cached
    const file = await open(disk, O_RDWR | O_DIRECT)
    try {
      // FUSE asks for no alignment.
      await file.write(pattern(100, 1), 0, 100, 333)
      const back = Buffer.alloc(100)
      await file.read(back, 0, 100, 333)
      expect(back.equals(pattern(100, 1))).toBe(true)
    } finally {
      await file.close()
    }
  })

  test.each(['cached', 'direct'] as const)('is full at its end; %s', async (kind) => {
    const { disk } = servers[kind]
    const file = await open(disk, 'r+')
    try {
      expect((await file.write(pattern(100, 1), 0, 100, SIZE - 50)).bytesWritten).toBe(50)
      await expect(file.write(pattern(1, 1), 0, 1, SIZE)).rejects.toMatchObject({ code: 'ENOSPC' })
      expect((await file.read(Buffer.alloc(100), 0, 100, SIZE - 10)).bytesRead).toBe(10)
      expect((await file.stat()).size).toBe(SIZE)
    } finally {
      await file.close()
    }
  })

  test('dd without notrunc, truncate and cp onto it keep its size', async () => {
    const { disk } = servers.cached
    await run('dd', 'if=/dev/zero', `of=${disk}`, 'bs=1000', 'count=3', 'conv=fsync')
    await run('truncate', '-s', '5', disk)
    const source = join(await newDirectory(), 'source')
    await writeFile(source, pattern(SIZE, 9))
    try {
      await run('cp', source, disk)
      expect((await stat(disk)).size).toBe(SIZE)
      expect((await readFile(disk)).equals(pattern(SIZE, 9))).toBe(true)
      await copyFile(disk, `${source}2`)
      await run('cp', '--sparse=always', disk, `${source}3`)
      expect((await readFile(`${source}2`)).equals(pattern(SIZE, 9))).toBe(true)
      expect((await readFile(`${source}3`)).equals(pattern(SIZE, 9))).toBe(true)
    } finally {
      await rm(source)
      await rm(`${source}2`, { force: true })
      await rm(`${source}3`, { force: true })
    }
  })

  test.each(['cached', 'direct'] as const)('punches holes and zeroes ranges; %s', async (kind) => {
    const { disk } = servers[kind]
    const expected = pattern(SIZE, 3)
    await writeFile(disk, expected)
    await run('fallocate', '--punch-hole', '-o', '4000', '-l', '5001', disk)
    await run('fallocate', '--zero-range', '--keep-size', '-o', '50001', '-l', '10', disk)
    await run('fallocate', '--zero-range', '-o', '60001', '-l', '10', disk)
    await run('fallocate', '-l', String(SIZE), disk)
    expected.fill(0, 4000, 9001).fill(0, 50_001, 50_011).fill(0, 60_001, 60_011)
    expect((await readFile(disk)).equals(expected)).toBe(true)
    await expect(run('fallocate', '-l', String(SIZE + 1), disk)).rejects.toThrow(/File too large/)
    await expect(run('fallocate', '--punch-hole', '-o', String(SIZE - 1), '-l', '2', disk)).rejects.toThrow(
      /File too large/,
    )
    expect((await stat(disk)).size).toBe(SIZE)
  })

  test('seeks for data and holes', async () => {
    const { disk } = servers.cached
    const program =
      'import os,sys; f=os.open(sys.argv[1],os.O_RDONLY); print(os.lseek(f,5,os.SEEK_DATA),os.lseek(f,5,os.SEEK_HOLE))'
    expect((await run('python3', '-c', program, disk)).stdout.trim()).toBe(`5 ${SIZE}`)
  })

  test('a directory of fixed files', async () => {
    const { mountPoint, disk } = servers.cached
    expect((await readdir(mountPoint)).toSorted()).toEqual(['disk', 'info.json'])
    expect(await readFile(join(mountPoint, 'info.json'), 'utf8')).toBe('{}\n')
    const other = join(mountPoint, 'other')
    const eperm = { code: 'EPERM' }
    await expect(writeFile(other, 'x')).rejects.toMatchObject(eperm)
    await expect(mkdir(other)).rejects.toMatchObject(eperm)
    await expect(rm(disk)).rejects.toMatchObject(eperm)
    await expect(rename(disk, other)).rejects.toMatchObject(eperm)
    await expect(chmod(disk, 0o644)).rejects.toMatchObject(eperm)
    await expect(writeFile(join(mountPoint, 'info.json'), 'x')).rejects.toMatchObject({ code: 'EROFS' })
    await utimes(disk, 1_600_000_000, 1_600_000_000)
    expect((await stat(disk)).mtimeMs).toBe(1_600_000_000_000)
    await writeFile(disk, 'x')
    expect((await stat(disk)).mtimeMs).toBeGreaterThan(1_600_000_000_000)
    // xattr: unsupported, and `ls -l` says nothing of it
    expect((await run('ls', '-l', mountPoint)).stderr).toBe('')
    expect((await run('df', '--output=size,avail', mountPoint)).stdout).toContain('0')
  })

  test('pages that were mapped come back by msync', async () => {
    const { disk } = servers.cached
    const program = `
import mmap, os, sys
f = os.open(sys.argv[1], os.O_RDWR)
m = mmap.mmap(f, 10000)
m[4090:4100] = b'0123456789'
m.flush()
m.close()
os.close(f)
d = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
print(os.pread(d, 10, 4090).decode())`
    expect((await run('python3', '-c', program, disk)).stdout.trim()).toBe('0123456789')
  })

  test('what write(2) wrote through the page cache has arrived when it returns', async () => {
    const server = servers.cached
    const file = await open(server.disk, 'r+')
    try {
      await file.write('12345678', 0)
      server.send('peek')
      expect((await server.message('beginning')).beginning).toBe('12345678')
    } finally {
      await file.close()
    }
  })

  test('a read-only mount refuses every change', async () => {
    const { mountPoint, disk } = servers.readOnly
    const erofs = { code: 'EROFS' }
    await expect(open(disk, 'r+')).rejects.toMatchObject(erofs)
    await expect(writeFile(join(mountPoint, 'other'), 'x')).rejects.toMatchObject(erofs)
    await expect(rm(disk)).rejects.toMatchObject(erofs)
    await expect(utimes(disk, 1, 1)).rejects.toMatchObject(erofs)
    expect((await readFile(disk)).equals(Buffer.alloc(SIZE))).toBe(true)
    const file = await open(disk, O_RDONLY | O_DIRECT)
    await file.close()
  })

  test('two threads serve one mount', async () => {
    const { disk } = servers.twoThreads
    await Promise.all(
      Array.from({ length: 8 }, async (_, part) => {
        const file = await open(disk, 'r+')
        for (let round = 0; round < 20; round++) {
          const data = pattern(5001, part + round)
          await file.write(data, 0, 5001, part * 5001)
          const back = Buffer.alloc(5001)
          await file.read(back, 0, 5001, part * 5001)
          expect(back.equals(data)).toBe(true)
        }
        await file.close()
      }),
    )
  })
})
