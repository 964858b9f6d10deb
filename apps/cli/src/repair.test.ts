/** `btt check --repair`: what it does, what it says, and what it exits with. */
import { spawn } from 'node:child_process'
import { existsSync, linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import { createStack } from '@bttkit/stack'
import { bttHere, bttOk, commandLine, fingerprint, scratch, sha256 } from './program.test-support.ts'

interface RepairJson {
  readonly verdict: string
  readonly repair: {
    readonly dryRun: boolean
    readonly before: string
    readonly after: string
    readonly steps: readonly { readonly code: string; readonly lba: number | null }[]
    readonly withheld: readonly { readonly code: string }[]
    readonly undo: string | null
  }
}

/** An image in a directory that is gone after the test. */
function unpack(name: string): { path: string; undo: string } {
  const directory = scratch()
  const path = join(directory, 'image')
  kernelImage(name).writeTo(path)
  return { path, undo: join(directory, 'undo') }
}

async function repaired(path: string, ...options: string[]): Promise<{ exitCode: number; json: RepairJson }> {
  const { exitCode, stdout, stderr } = await bttHere('check', path, '--repair', '--json', ...options)
  expect(stderr).toBe('')
  const json: RepairJson = JSON.parse(stdout.toString())
  return { exitCode, json }
}

test('a repair ends with 1 and in order, a second one with 0 and without a change', async () => {
  const { path } = unpack('bad-map-oob')
  const { exitCode, json } = await repaired(path)
  expect(exitCode).toBe(1)
  expect(json).toMatchObject({
    verdict: 'clean',
    repair: {
      dryRun: false,
      before: 'damaged',
      after: 'clean',
      steps: [{ code: 'map-range', lba: 256 }],
      withheld: [],
      undo: null,
    },
  })
  const after = fingerprint(path)
  expect(await repaired(path)).toMatchObject({ exitCode: 0, json: { repair: { steps: [] } } })
  expect(fingerprint(path)).toBe(after)
})

test('an image in order is not written to, and gets no undo file', async () => {
  const { path, undo } = unpack('v11-4096')
  const before = fingerprint(path)
  expect(await repaired(path, '--undo', undo)).toMatchObject({
    exitCode: 0,
    json: { repair: { undo: null } },
  })
  expect(fingerprint(path)).toBe(before)
  expect(existsSync(undo)).toBe(false)
})

test('what would be a guess is left, with the option that decides it; exit code 4', async () => {
  const { path } = unpack('bad-map-dup')
  const before = fingerprint(path)
  const { exitCode, stdout } = await bttHere('check', path, '--repair')
  expect(exitCode).toBe(4)
  expect(stdout.toString()).toMatch(/^not repaired: .*LBA 0 and 1.*--duplicates\n {2}map-duplicate\n/)
  expect(fingerprint(path)).toBe(before)
  expect(await repaired(path, '--duplicates', 'error')).toMatchObject({ exitCode: 1 })
  expect((await bttHere('read', path, '--lba', '0')).stderr).toMatch(/EIO/)
})

test('info blocks of which nothing is left are rebuilt when asked to', async () => {
  const { path } = unpack('bad-info-both-zero')
  expect(await repaired(path)).toMatchObject({
    exitCode: 8,
    json: { repair: { withheld: [{ code: 'no-btt' }] } },
  })
  expect(await repaired(path, '--rebuild')).toMatchObject({ exitCode: 1, json: { verdict: 'clean' } })
})

test('a dry run says what would be done, and does not do it', async () => {
  const { path } = unpack('bad-info1-zero')
  const before = fingerprint(path)
  const { exitCode, json } = await repaired(path, '--dry-run')
  expect({ exitCode, ...json.repair }).toMatchObject({
    exitCode: 4,
    dryRun: true,
    before: 'damaged',
    after: 'clean',
  })
  const text = (await bttHere('check', path, '--repair', '--dry-run')).stdout.toString()
  expect(text).toMatch(/^would repair: arena 0: /)
  expect(fingerprint(path)).toBe(before)
})

test('an undo file takes it back, byte for byte', async () => {
  const { path, undo } = unpack('bad-flog-same-seq')
  const before = sha256(readFileSync(path))
  expect(await repaired(path, '--undo', undo)).toMatchObject({ exitCode: 1, json: { repair: { undo } } })
  expect(sha256(readFileSync(path))).not.toBe(before)
  expect((await bttOk('check', path, '--undo-restore', undo)).toString()).toContain('as they were')
  expect(sha256(readFileSync(path))).toBe(before)
})

test('not after somebody has written: exit code 8, and nothing changes', async () => {
  const { path, undo } = unpack('bad-map-oob')
  await repaired(path, '--undo', undo)
  await bttOk('zero', path, '--lba', '7')
  const before = fingerprint(path)
  const outcome = await bttHere('check', path, '--undo-restore', undo)
  expect(outcome).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(/^btt: .*changed since.*\n$/) })
  expect(fingerprint(path)).toBe(before)
})

test('an undo file that exists is not overwritten, and nothing is repaired', async () => {
  const { path, undo } = unpack('bad-map-oob')
  writeFileSync(undo, 'precious')
  const before = fingerprint(path)
  const outcome = await bttHere('check', path, '--repair', '--undo', undo)
  expect(outcome).toMatchObject({ exitCode: 8, stderr: expect.stringContaining('exists') })
  expect(fingerprint(path)).toBe(before)
  expect(readFileSync(undo, 'utf8')).toBe('precious')
})

test.each([
  ['the image itself', (path: string) => path],
  [
    'a symbolic link to it',
    (path: string) => {
      symlinkSync(path, `${path}.link`)
      return `${path}.link`
    },
  ],
  [
    'a hard link to it',
    (path: string) => {
      linkSync(path, `${path}.hard`)
      return `${path}.hard`
    },
  ],
  [
    'a symbolic link to nothing',
    (path: string) => {
      symlinkSync(`${path}.gone`, `${path}.dangling`)
      return `${path}.dangling`
    },
  ],
])('an undo file that is %s is refused', async (_what, nameOf) => {
  const { path } = unpack('bad-map-oob')
  const before = fingerprint(path)
  const outcome = await bttHere('check', path, '--repair', '--undo', nameOf(path))
  expect(outcome).toMatchObject({ exitCode: 8, stderr: expect.stringContaining('exists') })
  expect(fingerprint(path)).toBe(before)
})

test('storage that fails in the middle of a repair: exit code 8 in one line; it is repaired again, or taken back', async () => {
  const { path, undo } = unpack('bad-flog-same-seq')
  const before = readFileSync(path)
  const outcome = await bttHere('check', `fault:${path}?faults=write,error,nth=3`, '--repair', '--undo', undo)
  expect(outcome).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(/^btt: .*\n$/) })
  const stopped = readFileSync(path)
  expect(stopped.equals(before)).toBe(false)
  expect((await bttHere('check', path, '--repair')).exitCode).toBe(1)
  writeFileSync(path, stopped)
  await bttOk('check', path, '--undo-restore', undo)
  expect(readFileSync(path).equals(before)).toBe(true)
})

test('an undo file that cannot be written leaves nothing repaired', async () => {
  const { path } = unpack('bad-map-oob')
  const before = fingerprint(path)
  const outcome = await bttHere('check', path, '--repair', '--undo', join(path, 'gone', 'undo'))
  expect(outcome).toMatchObject({ exitCode: 8, stderr: expect.stringMatching(/^btt: .*\n$/) })
  expect(fingerprint(path)).toBe(before)
})

test('storage that is read-only is refused', async () => {
  const { path } = unpack('bad-map-oob')
  const before = fingerprint(path)
  const outcome = await bttHere('check', `read-only:file:${path}`, '--repair')
  expect(outcome).toMatchObject({ exitCode: 8, stderr: expect.stringContaining('EROFS') })
  expect(fingerprint(path)).toBe(before)
})

test('an image that somebody else has open is refused', async () => {
  const { path } = unpack('bad-map-oob')
  const before = fingerprint(path)
  const provider = await createStack().openProvider(path, { readOnly: true })
  onTestFinished(async () => void (await provider.close()))
  const outcome = await bttHere('check', path, '--repair')
  expect(outcome).toMatchObject({ exitCode: 8, stderr: expect.stringContaining('EBUSY') })
  expect(fingerprint(path)).toBe(before)
})

test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
  'a repair that %s ends in its middle is repaired, or taken back',
  async (signalName) => {
    const { path, undo } = unpack('bad-flog-same-seq')
    const before = readFileSync(path)
    const image = `delay:file:${path}?flushDelayMs=400`
    const { file, args, env } = commandLine(['check', image, '--repair', '--undo', undo])
    const child = spawn(file, args, { env, stdio: 'ignore' })
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
    await vi.waitUntil(() => !before.equals(readFileSync(path)), { timeout: 30_000, interval: 5 })
    child.kill(signalName)
    expect(await ended).toBe(signalName)
    const stopped = readFileSync(path)
    expect((await bttHere('check', path)).exitCode).toBe(4)

    expect((await bttHere('check', path, '--repair')).exitCode).toBe(1)
    expect((await bttHere('check', path)).exitCode).toBe(0)
    writeFileSync(path, stopped)
    await bttOk('check', path, '--undo-restore', undo)
    expect(readFileSync(path).equals(before)).toBe(true)
  },
  60_000,
)

test.each([
  [['--undo', 'file']],
  [['--dry-run']],
  [['--duplicates', 'first']],
  [['--rewrite-log']],
  [['--repair', '--duplicates', 'last']],
  [['--repair', '--undo-restore', 'file']],
  [['--repair', '--dry-run', '--undo', 'file']],
])('%j is a wrong call: exit code 16', async (options) => {
  const { path } = unpack('bad-map-oob')
  const before = fingerprint(path)
  const outcome = await bttHere('check', path, ...options)
  expect(outcome).toMatchObject({ exitCode: 16, stderr: expect.stringMatching(/^btt: .*\n$/) })
  expect(fingerprint(path)).toBe(before)
})
