/** Suites run from beginning to end, with images as small as they get. How fast anything is, is not tested. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { BenchReport } from '../measure/report.ts'
import { bench, benchReport, startBench } from '../program.test-support.ts'
import type { RatioChange } from '../report/compare-reports.ts'

const LIMIT_MS = 120_000

/** Folders that must be empty in the end, and the arguments that go with them. */
function scratch(): { folder: string; args: string[]; left: () => string[] } {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'btt-bench-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const folders = ['memory', 'disk'].map((name) => join(folder, name))
  for (const each of folders) mkdirSync(each)
  const [memory = '', disk = ''] = folders
  const args = ['--quick', '--seconds', '0.1', '--memory-folder', memory, '--disk-folder', disk]
  return { folder, args, left: () => folders.flatMap((each) => readdirSync(each)) }
}

test('a comparison has figures of everybody, made of every round', { timeout: LIMIT_MS }, async () => {
  const { args, folder, left } = scratch()
  const only = ['vector', '--only', 'write 4096']
  const results = join(folder, 'results')
  const report = await benchReport<BenchReport>(...only, '--seed', '5', '--results', results, ...args)
  expect(report).toMatchObject({ benchmark: 'suites', seed: 5, isQuick: true, seconds: 0.1 })
  expect(report.machine.node).toBe(process.version)
  expect(report.command).toContain("btt-bench vector --only 'write 4096'")
  expect(report.comparisons.length).toBeLessThanOrEqual(1)
  for (const { figures, suite, unit } of report.comparisons) {
    expect({ suite, unit }).toEqual({ suite: 'vector', unit: 'ns' })
    const names = figures.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['bttkit, 1 call', 'bttkit, 32 calls']))
    for (const { rounds, value } of figures) {
      expect(rounds.length).toBeGreaterThanOrEqual(3)
      expect(value.min).toBeGreaterThan(0)
      expect(rounds.filter((each) => each <= value.median).length).toBeGreaterThanOrEqual(rounds.length / 2)
    }
  }
  expect(JSON.parse(readFileSync(join(results, 'report.json'), 'utf8'))).toEqual(report)
  expect(readFileSync(join(results, 'report.html'), 'utf8')).toContain('</html>')
  expect(left()).toEqual([])
})

test('without a compiler the peers in C are skipped, with a line', { timeout: LIMIT_MS }, async () => {
  const { args, folder } = scratch()
  const html = join(folder, 'page.html')
  const only = ['device', '--only', 'memory, write 4096', '--compiler', 'no-such-compiler', '--html', html]
  const { exitCode, stdout, stderr } = await bench(...only, ...args)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toContain('skipped: memcpy: no-such-compiler is not installed')
  expect(stdout).toContain('device: memory, 4096 bytes, random write')
  expect(stdout).toMatch(/verified after each of the \d comparisons/)
  expect(readFileSync(html, 'utf8')).toContain('no-such-compiler')
})

test('an older report is compared with', { timeout: LIMIT_MS }, async () => {
  const { args, folder } = scratch()
  const old = join(folder, 'old.json')
  const only = ['device', '--only', 'sleeping flush, write 512']
  const before = await benchReport<BenchReport>(...only, ...args)
  writeFileSync(old, JSON.stringify(before))
  const now = await benchReport<BenchReport & { changes: RatioChange[] }>(...only, ...args, '--compare', old)
  expect(now.changes).toMatchObject([{ suite: 'device', figure: 'bttkit, 16 side by side' }])
  expect(now.changes[0]?.before).toEqual(before.comparisons[0]?.figures[1]?.ratio)
})

test(
  'disks by FUSE are filled, worked on and verified, and nothing stays mounted',
  { timeout: LIMIT_MS },
  async () => {
    const { args, folder, left } = scratch()
    const report = await benchReport<BenchReport>('fuse', '--only', 'write', ...args)
    // Without /dev/fuse or fio there is nothing to compare, and that is said.
    expect(report.comparisons.length + report.skipped.length).toBeGreaterThan(0)
    for (const { figures } of report.comparisons)
      expect(figures.map(({ name }) => name)).toContain('btt-mount, a path')
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder)
    expect(left()).toEqual([])
  },
)

test('a large image is attached by processes of their own', { timeout: LIMIT_MS }, async () => {
  const { args, left } = scratch()
  const { comparisons } = await benchReport<BenchReport>('attach', '--only', 'memory', ...args)
  const [memory] = comparisons
  expect(memory?.unit).toBe('MiB')
  expect(memory?.figures.map(({ name }) => name)).toEqual(['attach', 'attach, read-only', 'no image'])
  for (const { value } of memory?.figures ?? []) expect(value.min).toBeGreaterThan(10)
  expect(left()).toEqual([])
})

test('a signal ends it, and nothing is left behind', { timeout: LIMIT_MS }, async () => {
  const { args, left } = scratch()
  const run = startBench('device', '--only', 'memory, write', ...args, '--seconds', '600')
  await run.says(/, seed 1\n/)
  run.child.kill('SIGTERM')
  expect(await run.outcome).toMatchObject({ exitCode: 1, stderr: 'btt-bench: interrupted\n' })
  expect(left()).toEqual([])
})

test.each([
  ['a suite that there is not', ['vector', 'disks'], 2, "there is no suite 'disks'"],
  ['a seed that is none', ['--seed', 'x'], 2, 'A|It is a whole number'],
  ['a comparison that there is not', ['--only', 'nothing of the kind'], 2, 'no comparison'],
  ['a folder that is not there', ['--disk-folder', '/no/such/folder'], 1, '/no/such/folder'],
  ['an older report that is not there', ['--compare', '/no/such/file'], 1, '/no/such/file'],
])('a wrong call: %s', async (_, args, exitCode, message) => {
  const outcome = await bench(...args)
  expect(outcome).toMatchObject({ exitCode, stdout: '' })
  expect(outcome.stderr).toMatch(new RegExp(`^btt-bench: .*(?:${message}).*\n$`))
})
