import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest'
import { ImageLockedError, type LockMode } from '@bttkit/interfaces'
import { FileProvider, systemCalls } from './index.ts'
import { makeBlockDevice, makeFile } from './scratch.test-support.ts'
import { systemWith, withoutHelp, withoutNative } from './system.test-support.ts'

/** LOCK_EX | LOCK_NB of flock(2). */
const LOCK_EX_NB = 6

const keeper = fileURLToPath(new URL('lock-keeper.test-support.ts', import.meta.url))

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** Another process that holds the lock by now. */
async function startKeeper(path: string, mode: LockMode, means: string): Promise<ChildProcess> {
  const args = ['--conditions=@bttkit/source', keeper, path, mode, means]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => end(child))
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(20_000) })
  return child
}

/** Whether flock(1) gets the lock, as any other program would. */
const othersMayLock = (path: string): boolean => spawnSync('flock', ['-x', '-n', path, 'true']).status === 0

describe.each([
  ['native', systemCalls],
  ['program', withoutNative],
])('a %s lock', (means, system) => {
  const open = (path: string): FileProvider => {
    const provider = FileProvider.open(path, { system })
    onTestFinished(() => void provider.close())
    return provider
  }

  test('this machine has what the test is about', (context) => {
    if (means === 'native' && systemCalls.native === undefined) context.skip('koffi does not load here')
    expect(system.native === undefined).toBe(means === 'program')
  })

  test('excludes other programs until close', () => {
    const path = makeFile(100)
    const provider = open(path)
    expect(othersMayLock(path)).toBe(true)
    provider.lock('exclusive')
    expect(othersMayLock(path)).toBe(false)
    void provider.close()
    expect(othersMayLock(path)).toBe(true)
  })

  test('excludes a second opening in this process, and names it', () => {
    const path = makeFile(100)
    const [first, second] = [open(path), open(path)]
    first.lock('exclusive')
    expect(() => second.lock('exclusive')).toThrow(ImageLockedError)
    expect(() => second.lock('shared')).toThrow(
      `${path}: in use: locked by this very process, pid ${process.pid} (`,
    )
    void first.close()
    second.lock('exclusive')
  })

  test('readers share it, a writer waits for none of them', () => {
    const path = makeFile(100)
    const [first, second, writer] = [open(path), open(path), open(path)]
    first.lock('shared')
    second.lock('shared')
    expect(() => writer.lock('exclusive')).toThrow(ImageLockedError)
    void first.close()
    expect(() => writer.lock('exclusive')).toThrow(ImageLockedError)
    void second.close()
    writer.lock('exclusive')
  })

  test('can change its mode; a change that is refused leaves it as it was', () => {
    const path = makeFile(100)
    const [first, second] = [open(path), open(path)]
    first.lock('exclusive')
    first.lock('exclusive')
    first.lock('shared')
    second.lock('shared')
    expect(() => first.lock('exclusive')).toThrow(ImageLockedError)
    void second.close()
    expect(othersMayLock(path)).toBe(false)
    first.lock('exclusive')
  })

  test('works on a file that is open for reading, and on a block device', (context) => {
    const path = makeFile(100)
    const reader = FileProvider.open(path, { readOnly: true, system })
    reader.lock('shared')
    expect(othersMayLock(path)).toBe(false)
    void reader.close()
    const device = makeBlockDevice(context, 2 ** 20)
    const [first, second] = [open(device), open(device)]
    first.lock('exclusive')
    expect(() => second.lock('shared')).toThrow(`pid ${process.pid}`)
    void first.close()
    void second.close()
  })

  test('names the process that has it, and is free after kill -9', async () => {
    const path = makeFile(100)
    const child = await startKeeper(path, 'exclusive', means)
    const provider = open(path)
    expect(() => provider.lock('shared')).toThrow(
      `${path}: in use: locked by pid ${child.pid} (node lock-keeper.test-support.ts)`,
    )
    await end(child)
    provider.lock('exclusive')
  })

  test('names a reader that keeps a writer out', async () => {
    const path = makeFile(100)
    const child = await startKeeper(path, 'shared', means)
    const provider = open(path)
    provider.lock('shared')
    expect(() => provider.lock('exclusive')).toThrow(`locked by pid ${child.pid} (`)
  })

  test('is not inherited by a child that outlives the provider', async () => {
    const path = makeFile(100)
    const provider = open(path)
    provider.lock('exclusive')
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    onTestFinished(() => end(child))
    await once(child, 'spawn')
    void provider.close()
    expect(othersMayLock(path)).toBe(true)
    expect(child.exitCode).toBeNull()
  })
})

test('a lock by a descriptor that was handed on is found at its holder', async () => {
  const path = makeFile(100)
  // The shell keeps descriptor 9, whose lock another process took and ended; the kernel's list names that one.
  const script = 'exec 9<"$1"; flock -x -n 9 && echo locked; read -r line'
  const shell = spawn('sh', ['-c', script, 'sh', path], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => end(shell))
  await once(shell.stdout, 'data')
  const provider = FileProvider.open(path)
  onTestFinished(() => void provider.close())
  expect(() => provider.lock('exclusive')).toThrow(`locked by pid ${shell.pid} (sh)`)
})

test.runIf(systemCalls.native !== undefined)(
  'a lock is not blamed on who took it and gave it away',
  async () => {
    const path = makeFile(100)
    const fd = openSync(path, 'r')
    expect(systemCalls.native?.flock(fd, LOCK_EX_NB)).toBeUndefined()
    const child = spawn('sh', ['-c', 'echo has it; read -r line'], { stdio: ['pipe', 'pipe', 'inherit', fd] })
    onTestFinished(() => end(child))
    closeSync(fd)
    const provider = FileProvider.open(path)
    onTestFinished(() => void provider.close())
    expect(() => provider.lock('exclusive')).toThrow(`locked by pid ${child.pid} (sh)`)
  },
)

test("another user's process is named by the list of locks", async (context: TestContext) => {
  const { geteuid, seteuid } = process
  if (geteuid?.() !== 0 || seteuid === undefined) context.skip('only root can become somebody else')
  const path = makeFile(100)
  chmodSync(dirname(path), 0o755)
  chmodSync(path, 0o644)
  const child = await startKeeper(path, 'exclusive', 'native')
  const provider = FileProvider.open(path, { readOnly: true })
  onTestFinished(() => void provider.close())
  seteuid(65534)
  onTestFinished(() => seteuid(0))
  expect(() => provider.lock('shared')).toThrow(
    `locked by pid ${child.pid} (node lock-keeper.test-support.ts)`,
  )
})

test('a machine without koffi and flock(1) cannot lock, and says so', () => {
  const provider = FileProvider.open(makeFile(100), { system: withoutHelp })
  expect(() => provider.lock('exclusive')).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_IO', errno: 'ENOLCK' }),
  )
  expect(() => provider.lock('exclusive')).toThrow('neither koffi nor flock(1)')
  void provider.close()
})

test('a file system that cannot lock is no refusal', () => {
  const system = systemWith({ native: { flock: () => 'EOPNOTSUPP' } })
  const provider = FileProvider.open(makeFile(100), { system })
  expect(() => provider.lock('exclusive')).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_IO', errno: 'EOPNOTSUPP' }),
  )
  void provider.close()
})
