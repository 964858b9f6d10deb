import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
  fstatSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { once } from 'node:events'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
import { FileProvider } from './index.ts'
import { makeBlockDevice, makeDirectory, makeFile, makeSmallFileSystem } from './scratch.test-support.ts'
import { failing, systemFailure, systemWith } from './system.test-support.ts'

/** How many descriptors this process has open. */
const openDescriptors = (): number => readdirSync('/proc/self/fd').length

const refusal = (path: string, errno: string) =>
  expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno, place: { image: path } })

test('a file that is not there', () => {
  const path = join(makeDirectory(), 'missing.img')
  expect(() => FileProvider.open(path)).toThrow(refusal(path, 'ENOENT'))
  expect(() => FileProvider.open(path)).toThrow(`${path}: there is no such file (ENOENT)`)
  expect(() => FileProvider.open(join(path, 'below'))).toThrow(refusal(join(path, 'below'), 'ENOENT'))
})

test('a path through a file', () => {
  const path = join(makeFile(1), 'below')
  expect(() => FileProvider.open(path)).toThrow(refusal(path, 'ENOTDIR'))
})

test('a path that no file can have', () => {
  expect(() => FileProvider.open('a\0b')).toThrow(refusal('a\0b', 'EINVAL'))
})

test('a directory', () => {
  const path = makeDirectory()
  expect(() => FileProvider.open(path)).toThrow(refusal(path, 'EISDIR'))
  expect(() => FileProvider.open(path, { readOnly: true })).toThrow(`${path}: is a directory; an image is`)
})

test('a named pipe, without waiting for its other end', () => {
  const path = join(makeDirectory(), 'pipe')
  execFileSync('mkfifo', [path])
  expect(() => FileProvider.open(path, { readOnly: true })).toThrow(refusal(path, 'EINVAL'))
  expect(() => FileProvider.open(path, { readOnly: true })).toThrow('is a named pipe')
})

test('a socket', async () => {
  const path = join(makeDirectory(), 'socket')
  const server = createServer().listen(path)
  await once(server, 'listening')
  expect(() => FileProvider.open(path)).toThrow(refusal(path, 'EINVAL'))
  server.close()
})

test('a character device', () => {
  expect(() => FileProvider.open('/dev/null')).toThrow(refusal('/dev/null', 'EINVAL'))
})

test('a file that may not be written', (context: TestContext) => {
  const { geteuid, seteuid } = process
  if (geteuid?.() !== 0 || seteuid === undefined) context.skip('only root can become somebody else')
  const path = makeFile(100)
  chmodSync(dirname(path), 0o755)
  chmodSync(path, 0o644)
  seteuid(65534)
  onTestFinished(() => seteuid(0))
  expect(() => FileProvider.open(path)).toThrow(refusal(path, 'EACCES'))
  void FileProvider.open(path, { readOnly: true }).close()
})

test('leaves no descriptor behind after a refusal', (context) => {
  const device = makeBlockDevice(context, 2 ** 20)
  const path = makeFile(100)
  const before = openDescriptors()
  expect(() => FileProvider.open(path, { createSizeBytes: 200 })).toThrow('EEXIST')
  expect(() => FileProvider.open(device, { createSizeBytes: 200 })).toThrow('EEXIST')
  expect(openDescriptors()).toBe(before)
})

test('makes a sparse file of zeros', () => {
  const path = join(makeDirectory(), 'new.img')
  const provider = FileProvider.open(path, { createSizeBytes: 2 ** 30 })
  expect(provider.size).toBe(2 ** 30)
  expect(statSync(path)).toMatchObject({ size: 2 ** 30, blocks: 0 })
  provider.write(5, Uint8Array.of(1))
  void provider.close()
})

test('a new file and its name are made durable', () => {
  const path = join(makeDirectory(), 'new.img')
  const synced: string[] = []
  const fsync = (fd: number): void => {
    synced.push(fstatSync(fd).isDirectory() ? 'directory' : `file of ${fstatSync(fd).size}`)
  }
  void FileProvider.open(path, { createSizeBytes: 4096, system: systemWith({ fsync }) }).close()
  expect(synced).toEqual(['file of 4096', 'directory'])
})

test('uses a file of that size as it is, and refuses another', () => {
  const path = makeFile(0)
  writeFileSync(path, 'content!')
  void FileProvider.open(path, { createSizeBytes: 8 }).close()
  expect(() => FileProvider.open(path, { createSizeBytes: 16 })).toThrow(refusal(path, 'EEXIST'))
  expect(readFileSync(path, 'utf8')).toBe('content!')
})

test('does not make a file through a dangling link', () => {
  const path = join(makeDirectory(), 'link')
  symlinkSync('nowhere', path)
  expect(() => FileProvider.open(path, { createSizeBytes: 8 })).toThrow(refusal(path, 'EEXIST'))
})

test('a size that the file system cannot have is EFBIG, and leaves no file', () => {
  const path = join(makeDirectory(), 'huge.img')
  expect(() => FileProvider.open(path, { createSizeBytes: 2 ** 53 - 1 })).toThrow(refusal(path, 'EFBIG'))
  expect(existsSync(path)).toBe(false)
})

test('a file system without room for another file is ENOSPC', (context) => {
  const directory = makeSmallFileSystem(context, 4096)
  execFileSync('mount', ['-o', 'remount,nr_inodes=2', directory])
  writeFileSync(join(directory, 'only'), '')
  const path = join(directory, 'another')
  expect(() => FileProvider.open(path, { createSizeBytes: 1 })).toThrow(refusal(path, 'ENOSPC'))
})

test.each(['truncate', 'fsync'] as const)('a failing %s leaves no file and no descriptor', (call) => {
  const path = join(makeDirectory(), 'half.img')
  const before = openDescriptors()
  const system = systemWith({ [call]: failing('ENOSPC') })
  expect(() => FileProvider.open(path, { createSizeBytes: 4096, system })).toThrow(refusal(path, 'ENOSPC'))
  expect(existsSync(path)).toBe(false)
  expect(openDescriptors()).toBe(before)
})

test('a creation that fails removes no file but its own', () => {
  const path = join(makeDirectory(), 'half.img')
  const truncate = (): never => {
    renameSync(path, `${path}.moved`)
    writeFileSync(path, 'of somebody else')
    throw systemFailure('ENOSPC')
  }
  const system = systemWith({ truncate })
  expect(() => FileProvider.open(path, { createSizeBytes: 4096, system })).toThrow(refusal(path, 'ENOSPC'))
  expect(readFileSync(path, 'utf8')).toBe('of somebody else')
})

test('creation in a directory that is not there', () => {
  const path = join(makeDirectory(), 'no', 'new.img')
  expect(() => FileProvider.open(path, { createSizeBytes: 1 })).toThrow(refusal(path, 'ENOENT'))
  mkdirSync(dirname(path))
  void FileProvider.open(path, { createSizeBytes: 1 }).close()
})

test.each([-1, 0.5, 2 ** 53])('a new size of %d is misuse', (createSizeBytes) => {
  expect(() => FileProvider.open('unused', { createSizeBytes })).toThrow(TypeError)
})

test('making a file only to read it is misuse', () => {
  expect(() => FileProvider.open('unused', { createSizeBytes: 1, readOnly: true })).toThrow(TypeError)
})
