import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ClosedError, ProviderOpenError, ReadOnlyError, type ProviderShare } from '@bttkit/interfaces'
import { FileProvider, providerPlugin, systemCalls, type FileProviderOptions } from './index.ts'
import { makeBlockDevice, makeFile } from './scratch.test-support.ts'
import { fileHandleOf, openSharedFile } from './shared-file.ts'

function open(path: string, options: FileProviderOptions = {}): FileProvider {
  const provider = FileProvider.open(path, options)
  onTestFinished(() => void provider.close())
  return provider
}

/** Joins by what a message to another thread would carry. */
function join(share: ProviderShare): FileProvider {
  const provider = FileProvider.join(structuredClone(share))
  onTestFinished(() => void provider.close())
  return provider
}

/** Whether what one stores is what the other reads. */
function areOne(first: FileProvider, second: FileProvider): boolean {
  const bytes = Uint8Array.of(7, 8, 9)
  const target = new Uint8Array(3)
  first.write(50, bytes)
  second.read(50, target)
  return Buffer.compare(bytes, target) === 0
}

/** Whether flock(1) gets the lock, as any other process would. */
const othersMayLock = (path: string): boolean => spawnSync('flock', ['-x', '-n', path, 'true']).status === 0

const openDescriptors = (): number => readdirSync('/proc/self/fd').length

test('what one writes the other reads', () => {
  const path = makeFile(100)
  const first = open(path)
  const second = join(first.share())
  expect(areOne(first, second)).toBe(true)
  expect(areOne(second, first)).toBe(true)
  expect([second.name, second.size]).toEqual([path, 100])
})

test.each([
  [{ blocking: true }, 'immediate'],
  [{ blocking: false }, 'sleeps'],
  [{ readOnly: true }, 'immediate'],
])('the mode %o is that of the other', (options, flush) => {
  const second = join(open(makeFile(100), options).share())
  expect(second.readOnly).toBe('readOnly' in options)
  expect(second.capabilities.flush).toBe(flush)
})

test('a file that is only read is only read by all', () => {
  const second = join(open(makeFile(100), { readOnly: true }).share())
  expect(() => second.write(0, Uint8Array.of(1))).toThrow(ReadOnlyError)
})

test('a block device', (context) => {
  const first = open(makeBlockDevice(context, 2 ** 20))
  const second = join(first.share())
  expect(areOne(first, second)).toBe(true)
  expect(second.size).toBe(2 ** 20)
})

describe('the path does not matter where there is /proc', () => {
  test('after the file was renamed', () => {
    const path = makeFile(100)
    const first = open(path)
    const share = first.share()
    renameSync(path, `${path}.old`)
    expect(areOne(first, join(share))).toBe(true)
  })

  test('after the file was removed', () => {
    const path = makeFile(100)
    const first = open(path)
    const share = first.share()
    rmSync(path)
    expect(areOne(first, join(share))).toBe(true)
  })

  test('after another file took its place', () => {
    const path = makeFile(100)
    const first = open(path)
    const share = first.share()
    renameSync(path, `${path}.old`)
    writeFileSync(path, new Uint8Array(100))
    expect(areOne(first, join(share))).toBe(true)
  })
})

describe('without /proc the path is taken', () => {
  const openByPath = (share: ProviderShare): void =>
    closeSync(openSharedFile(fileHandleOf(share), systemCalls, '/there/is/no/proc').fd)

  test('and it leads to the file', () => {
    expect(() => openByPath(open(makeFile(100)).share())).not.toThrow()
  })

  test('and another file in its place is refused', () => {
    const path = makeFile(100)
    const share = open(path).share()
    renameSync(path, `${path}.old`)
    writeFileSync(path, new Uint8Array(100))
    expect(() => openByPath(share)).toThrow(
      expect.objectContaining({ code: 'BTT_PROVIDER_OPEN', errno: 'ESTALE' }),
    )
  })
})

describe('what is not the same is refused, and leaves no descriptor behind:', () => {
  function refusal(share: ProviderShare): ProviderOpenError {
    const before = openDescriptors()
    try {
      join(share)
    } catch (error) {
      expect(openDescriptors()).toBe(before)
      expect(error).toBeInstanceOf(ProviderOpenError)
      return error as ProviderOpenError
    }
    return expect.fail('it was joined')
  }

  test('a file that was closed', () => {
    const path = makeFile(100)
    const first = open(path)
    const share = first.share()
    void first.close()
    expect(refusal(share)).toMatchObject({ errno: 'ENOENT', place: { image: path } })
  })

  test('another file under the number of one that was closed', () => {
    const path = makeFile(100)
    const first = open(path)
    const share = first.share()
    void first.close()
    const fd = openSync(makeFile(100), 'r+')
    onTestFinished(() => closeSync(fd))
    expect(fd).toBe(fileHandleOf(share).fd)
    expect(refusal(share)).toMatchObject({ errno: 'ESTALE', place: { image: path } })
  })

  test('a file of another size', () => {
    const path = makeFile(100)
    const share = open(path).share()
    truncateSync(path, 50)
    expect(refusal(share)).toMatchObject({ errno: 'ESTALE', place: { image: path } })
  })
})

test('what is closed is not shared', () => {
  const provider = open(makeFile(100))
  void provider.close()
  expect(() => provider.share()).toThrow(ClosedError)
})

test.each([
  { scheme: 'mem', handle: {} },
  { scheme: 'file', handle: undefined },
  { scheme: 'file', handle: { path: 'disk.img' } },
])('what is not a share of a file is refused: %o', (share) => {
  expect(() => FileProvider.join(share)).toThrow(TypeError)
})

test('the plugin joins', async () => {
  const first = open(makeFile(100))
  const second = await providerPlugin.join?.(first.share(), {
    joinInner: () => expect.fail('it is no layer'),
  })
  onTestFinished(() => void second?.close())
  expect(areOne(first, second as FileProvider)).toBe(true)
})

describe('the lock', () => {
  test('is not for who joined', () => {
    const first = open(makeFile(100))
    first.lock('exclusive')
    const second = join(first.share())
    expect(() => second.lock('exclusive')).toThrow(TypeError)
    expect(() => second.lock('shared')).toThrow("joined from another thread, and the lock is that one's")
  })

  test('stays when who joined closes', () => {
    const path = makeFile(100)
    const first = open(path)
    first.lock('exclusive')
    const second = join(first.share())
    void second.close()
    expect(othersMayLock(path)).toBe(false)
    void first.close()
    expect(othersMayLock(path)).toBe(true)
  })
})

test('no child inherits what was joined', async () => {
  const path = makeFile(100)
  const second = join(open(path).share())
  expect(second.size).toBe(100)
  const child = spawn('sh', ['-c', 'echo ready; read -r line'], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(20_000) })
  const folder = `/proc/${child.pid}/fd`
  const files = readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`))
  expect(files).not.toContain(path)
})
