import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { BttInfo } from '@bttkit/interfaces'
import {
  btt,
  bttHere,
  bttJson,
  bttOk,
  commandLine,
  fingerprint,
  scratch,
  sha256,
} from './program.test-support.ts'
import type { ImageStressReport } from './stress-run.ts'

const MEMORY = 'mem:?size=17MiB'
const SECTORS = 100

const failingPlugin = fileURLToPath(new URL('failing-plugin.test-support.ts', import.meta.url))

/** The report of a run, and what it exited with. */
async function stress(...args: string[]): Promise<{ exitCode: number; report: ImageStressReport }> {
  const { exitCode, stdout, stderr } = await bttHere('stress', ...args, '--json')
  expect(stderr).toBe('')
  const report: ImageStressReport = JSON.parse(stdout.toString())
  return { exitCode, report }
}

/** A BTT with random content in its first sectors. */
async function diskWithContent(): Promise<{ path: string; content: Buffer }> {
  const path = join(scratch(), 'disk.img')
  await bttOk('create', path, '--size', '17MiB', '--sector-size', '520')
  const content = Buffer.alloc(SECTORS * 512)
  for (let i = 0; i < content.length; i++) content[i] = (i * 7 + (i >> 9)) & 0xff
  const raw = `${path}.raw`
  writeFileSync(raw, content)
  await bttOk('import', raw, path)
  return { path, content }
}

const contentOf = (path: string): Promise<Buffer> =>
  bttOk('read', path, '--lba', '0', '--count', String(SECTORS))

test.each([
  ['two writers on a CPU', []],
  ['more CPUs than lanes', ['--lane-count', '2']],
  ['more CPUs than lanes, with the gap', ['--lane-count', '2', '--preempt-before-lock']],
])('recursion-count corrupts memory within a second: %s', async (_, more) => {
  const { exitCode, report } = await stress(
    MEMORY,
    '--lanes',
    'recursion-count',
    '--seconds',
    '1',
    '--seed',
    '5',
    ...more,
  )
  expect(exitCode).toBe(1)
  expect(report).toMatchObject({ verdict: 'corrupt', lanes: 'recursion-count', policy: 'static', workers: 1 })
  expect(report.mismatches.count).toBeGreaterThan(0)
  expect(report.bijection.mappedTwice.first[0]?.lbas.length).toBeGreaterThan(1)
  expect(report.bijection.leaked.count).toBeGreaterThan(0)
  expect(report.bijection.sequences.count).toBeGreaterThan(0)
})

test('readers of one CPU read what a writer of another one wrote elsewhere, and people are told who it was', async () => {
  const args = ['--lanes', 'recursion-count', '--tasks', '3', '--cpus', '2', '--readers', '2', '--seed', '1']
  const { exitCode, stdout } = await bttHere('stress', MEMORY, ...args, '--operations', '30000')
  const text = stdout.toString()
  expect(exitCode).toBe(1)
  expect(text).toMatch(/^mem:\?size=17MiB: corrupt\nlanes recursion-count .* seed 1\n/)
  expect(text).toMatch(
    /LBA \d+, bytes 0-4095: written by task 2 through lane 1 \(generation \d+ of LBA \d+\)/,
  )
  expect(text).not.toContain('leaked')
})

test('a report says how to see the first wrong bytes again', async () => {
  const { stdout } = await bttHere('stress', MEMORY, '--lanes', 'recursion-count', '--operations', '1000')
  const text = stdout.toString()
  const [, args = ''] = /^the first of them again: btt (.*)$/m.exec(text) ?? []
  const [, first = ''] = /^( {2}LBA .*)$/m.exec(text) ?? []
  expect(first).not.toBe('')
  const again = await bttHere(...args.replaceAll("'", '').split(' '))
  expect(again.stdout.toString()).toContain(`\n${first}\n`)
})

test('mutexes show nothing', async () => {
  const { exitCode, report } = await stress(MEMORY, '--seconds', '1')
  expect(exitCode).toBe(0)
  expect(report).toMatchObject({
    verdict: 'clean',
    lanes: 'mutex',
    policy: 'first-idle',
    tasks: 8,
    cpus: 4,
    laneCount: 256,
    preempt: true,
    mismatches: { count: 0, first: [] },
    failures: [],
  })
  expect(report.operations.writes).toBeGreaterThan(0)
  expect(report.laneStatistics.length).toBeGreaterThan(0)
})

test('two workers on shared lanes show nothing, over a flush that sleeps too', async () => {
  for (const image of [MEMORY, `sleeping-flush:${MEMORY}`]) {
    const { exitCode, stdout, stderr } = await btt([
      'stress',
      image,
      '--workers',
      '2',
      '--seconds',
      '1',
      '--json',
    ])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const report: ImageStressReport = JSON.parse(stdout.toString())
    expect(report).toMatchObject({ verdict: 'clean', lanes: 'shared', workers: 2, failures: [] })
    expect(report.operations.writes).toBeGreaterThan(0)
  }
})

test('storage that is for one thread is refused to several, and nothing is written to it', async () => {
  const image = join(scratch(), 'disk.img')
  await bttOk('create', image, '--size', '17MiB')
  const before = fingerprint(image)
  const { exitCode, stderr } = await btt(['stress', `fault:${image}`, '--workers', '2'])
  expect({ exitCode, after: fingerprint(image) }).toEqual({ exitCode: 1, after: before })
  expect(stderr).toMatch(/^btt: several workers cannot have this storage: .*faults are of one thread.*\n$/)
})

test('workers that cannot join are failures in the report, and the run ends', async () => {
  const plugin = fileURLToPath(new URL('unjoinable-plugin.test-support.ts', import.meta.url))
  const args = ['--plugin', plugin, '--workers', '2', '--seconds', '600', '--json']
  const { exitCode, stdout } = await btt(['stress', 'unjoinable:mem:', ...args])
  const report: ImageStressReport = JSON.parse(stdout.toString())
  expect({ exitCode, verdict: report.verdict }).toEqual({ exitCode: 1, verdict: 'failed' })
  expect(report.failures).toMatchObject([
    { code: 'WORKER', count: 2, message: expect.stringContaining('nobody joins') },
  ])
})

test('spinlock-bh holds under preemption, and fails where a flush sleeps', async () => {
  const held = await stress(MEMORY, '--lanes', 'spinlock-bh', '--operations', '500')
  expect(held).toMatchObject({ exitCode: 0, report: { verdict: 'clean' } })
  const asleep = await stress(`sleeping-flush:${MEMORY}`, '--lanes', 'spinlock-bh', '--operations', '50')
  expect(asleep).toMatchObject({ exitCode: 1, report: { verdict: 'failed' } })
  expect(asleep.report.failures.map(({ code }) => code)).toEqual(['BTT_WOULD_SLEEP'])
})

test('without preemption the lanes of old kernels hold', async () => {
  const args = ['--lanes', 'spinlock-preemption-off', '--operations', '500']
  expect((await stress(MEMORY, ...args, '--no-preempt')).report.verdict).toBe('clean')
  expect((await stress(MEMORY, ...args)).report.verdict).toBe('corrupt')
})

test('a seed repeats a report, in all but its times', async () => {
  const timeless = ({ report }: { report: ImageStressReport }): unknown => ({
    ...report,
    seconds: 0,
    throughput: 0,
    laneStatistics: 0,
  })
  const args = [MEMORY, '--lanes', 'recursion-count', '--operations', '1000', '--seconds', '60']
  const first = await stress(...args)
  const again = await stress(...args, '--seed', String(first.report.seed))
  expect(timeless(again)).toEqual(timeless(first))
})

test.each([
  ['a seed and several workers', ['--seed', '1', '--workers', '2']],
  ['a table of one thread and several workers', ['--lanes', 'mutex', '--workers', '2']],
  ['more readers than tasks', ['--tasks', '2', '--readers', '3']],
  ['a policy for lanes that have none', ['--lanes', 'spinlock-bh', '--lane-policy', 'first-idle']],
  ['the gap before a lock that there is not', ['--preempt-before-lock']],
  ['a table that nobody knows', ['--lanes', 'rwlock']],
  ['no time', ['--seconds', '0']],
  ['no tasks', ['--tasks', '0']],
  ['too many tasks', ['--tasks', '3000', '--workers', '2']],
  ['too many CPUs', ['--cpus', '100000000000']],
])('a wrong call: %s', async (_, args) => {
  const { exitCode, stderr, stdout } = await bttHere('stress', MEMORY, ...args)
  expect({ exitCode, output: stdout.length }).toEqual({ exitCode: 2, output: 0 })
  expect(stderr).toMatch(/^btt: .*; see btt stress --help\n$/)
})

test('an image without a BTT is refused, and nothing is written', async () => {
  const path = join(scratch(), 'empty.img')
  writeFileSync(path, '')
  truncateSync(path, 17 * 2 ** 20)
  const before = fingerprint(path)
  const { exitCode, stderr } = await bttHere('stress', path)
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('no BTT was found') })
  expect(fingerprint(path)).toBe(before)
})

test('after a clean run the sectors have their content again', async () => {
  const { path, content } = await diskWithContent()
  const { report } = await stress(path, '--operations', '100', '--seconds', '20')
  expect(report).toMatchObject({ verdict: 'clean', sectors: { firstLba: 0, count: 37, content: 'restored' } })
  expect(report.operations.writes).toBeGreaterThan(0)
  expect(sha256(await contentOf(path))).toBe(sha256(content))
})

test('after a run that failed the sectors have their content again, by an attachment that takes writes', async () => {
  const { path, content } = await diskWithContent()
  const args = ['--plugin', failingPlugin, '--operations', '200', '--json']
  const { exitCode, stdout } = await bttHere('stress', `failing-once:${path}`, ...args)
  const report: ImageStressReport = JSON.parse(stdout.toString())
  expect({ exitCode, verdict: report.verdict }).toEqual({ exitCode: 1, verdict: 'failed' })
  expect(report.failures.map(({ code }) => code)).toContain('BTT_ARENA_ERROR_STATE')
  expect(report.sectors.content).toBe('restored')
  expect(sha256(await contentOf(path))).toBe(sha256(content))
})

test('more tasks than there are sectors for are refused in one line', async () => {
  const { exitCode, stderr } = await bttHere('stress', 'mem:?size=64MiB', '--tasks', '4096')
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^btt: 4096 tasks need \d+ sectors, and the device has \d+.*\n$/)
})

test('unsafe lanes leave what they wrote, and say so', async () => {
  const { path, content } = await diskWithContent()
  const { stdout } = await bttHere('stress', path, '--lanes', 'spinlock-bh', '--operations', '20')
  expect(stdout.toString()).toContain('the content of LBA 0 to 36 is lost\n')
  expect(sha256((await contentOf(path)).subarray(40 * 512))).toBe(sha256(content.subarray(40 * 512)))
})

test('an image that is damaged before is not run on', async () => {
  const { path, content } = await diskWithContent()
  const { arenas } = await bttJson<BttInfo>('info', path)
  const [arena] = arenas
  if (arena === undefined) throw new Error('an image has an arena')
  const bytes = readFileSync(path)
  const map = arena.offset + arena.mapoff
  bytes.copyWithin(map + 4 * 90, map + 4 * 91, map + 4 * 92)
  writeFileSync(path, bytes)
  const { exitCode, report } = await stress(path, '--seconds', '1')
  expect(exitCode).toBe(1)
  expect(report.operations.begun).toBe(0)
  expect(report.failures.map(({ code }) => code)).toEqual(['DAMAGED'])
  expect(report.sectors.content).toBe('untouched')
  expect(report.bijection.mappedTwice.first[0]?.lbas).toEqual([90, 91])
  expect(sha256((await contentOf(path)).subarray(0, 90 * 512))).toBe(sha256(content.subarray(0, 90 * 512)))
})

test('a signal to stop ends a run with its report, and the sectors get their content back', async () => {
  const { path, content } = await diskWithContent()
  const before = readFileSync(path)
  const { file, args, env } = commandLine(['stress', path, '--seconds', '600', '--json'])
  const child = spawn(file, args, { env })
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  const ended = once(child, 'exit')
  const stop = setInterval(() => {
    if (readFileSync(path).equals(before)) return
    clearInterval(stop)
    child.kill('SIGINT')
  }, 50)
  const [exitCode] = await ended
  expect(exitCode).toBe(0)
  const report: ImageStressReport = JSON.parse(Buffer.concat(output).toString())
  expect(report.verdict).toBe('clean')
  expect(report.seconds).toBeLessThan(600)
  expect(sha256(await contentOf(path))).toBe(sha256(content))
})
