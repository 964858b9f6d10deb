import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ReplayReport } from './explore-replay-file.ts'
import type { ExploreReport } from './explore-run.ts'
import { allPrograms } from './explore-programs.ts'
import { bttHere, scratch } from './program.test-support.ts'

/** The report of a call, and what it exited with. */
async function explored(...args: string[]): Promise<{ exitCode: number; report: ExploreReport }> {
  const { exitCode, stdout, stderr } = await bttHere('explore', ...args, '--json')
  expect(stderr).toBe('')
  const report: ExploreReport = JSON.parse(stdout.toString())
  return { exitCode, report }
}

test.each([
  [2, 1, 21],
  [3, 1, 56],
  [2, 2, 666],
])('%d tasks of %d operations have %d programs', (tasks, operations, count) => {
  const programs = [...allPrograms({ lanes: 'mutex', laneCount: 1, tasks, operations })]
  expect(programs.length).toBe(count)
  expect(new Set(programs.map((program) => JSON.stringify(program))).size).toBe(count)
})

test.each(['mutex', 'shared'])('%s lanes: no schedule of any program goes wrong', async (lanes) => {
  const args = ['--lanes', lanes, '--lane-count', '2', '--seconds', '600']
  const { exitCode, report } = await explored(...args)
  expect(exitCode).toBe(0)
  expect(report).toMatchObject({
    verdict: 'clean',
    lanes,
    strategy: 'exhaustive',
    isExhaustive: true,
    programs: 21,
    finding: null,
  })
  expect(report.schedules).toBeGreaterThan(21)
})

test('the time ends it, and a report does not say that everything was run', async () => {
  const { exitCode, report } = await explored('--tasks', '7', '--seconds', '0.1')
  expect(exitCode).toBe(0)
  expect(report).toMatchObject({ verdict: 'clean', isExhaustive: false })
})

test('nothing found leaves no file behind', async () => {
  const path = join(scratch(), 'found.json')
  expect((await explored('--preemptions', '0', '--out', path)).exitCode).toBe(0)
  expect(existsSync(path)).toBe(false)
})

test.each(['--exhaustive', '--preemptions=1', '--pct', '--random'])(
  '%s finds the mistake of recursion-count, and makes it small',
  async (strategy) => {
    const seed = strategy === '--pct' || strategy === '--random' ? ['--seed', '1'] : []
    const args = ['--lanes', 'recursion-count', '--tasks', '3', '--seconds', '600', strategy, ...seed]
    const { exitCode, report } = await explored(...args)
    expect(exitCode).toBe(1)
    expect(report).toMatchObject({ verdict: 'wrong', isExhaustive: false })
    expect(report.finding?.program.tasks.map((operations) => operations.length)).toEqual([1, 1])
  },
)

test('a seed repeats what is done by chance', async () => {
  const args = ['--lanes', 'recursion-count', '--random', '--seed', '7', '--seconds', '600']
  const [first, second] = [await explored(...args), await explored(...args)]
  expect({ ...second.report, seconds: 0 }).toEqual({ ...first.report, seconds: 0 })
})

test('people see the lanes as a diagram with the guilty step', async () => {
  const { exitCode, stdout } = await bttHere('explore', '--lanes', 'recursion-count')
  const lines = stdout.toString().split('\n')
  expect(exitCode).toBe(1)
  expect(lines[0]).toBe('lanes recursion-count (1), 2 tasks of 1 operation: wrong')
  expect(lines.filter((line) => /^[> ] ?\d+ │/.test(line)).length).toBeLessThanOrEqual(12)
  expect(lines.filter((line) => /^> ?\d+ │/.test(line)).length).toBe(1)
  expect(lines.at(-3)).toMatch(/^block \d+ is held by LBA \d+ and LBA \d+$/)
})

describe('a replay file', () => {
  let path = ''
  let printed = ''

  beforeEach(async () => {
    path = join(scratch(), 'found.json')
    const { stdout } = await bttHere('explore', '--lanes', 'recursion-count', '--out', path)
    printed = stdout.toString()
  })

  /** The file with something in it replaced. */
  function change(from: string | RegExp, to: string): void {
    const text = readFileSync(path, 'utf8')
    const changed = text.replace(from, to)
    expect(changed).not.toBe(text)
    writeFileSync(path, changed)
  }

  test('shows the same again', async () => {
    const { exitCode, stdout, stderr } = await bttHere('explore', '--replay', path)
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
    const [head, ...rest] = stdout.toString().split('\n')
    expect(head).toBe(`${path}: wrong, as it was`)
    expect(printed.endsWith(rest.join('\n'))).toBe(true)
  })

  test('over lanes that are right tells that the problem is gone', async () => {
    change('recursion-count', 'mutex')
    const { exitCode, stdout } = await bttHere('explore', '--replay', path)
    expect(exitCode).toBe(0)
    expect(stdout.toString()).toBe(`${path}: the problem is gone: no schedule of its program goes wrong\n`)
  })

  test('whose schedule is right is not taken for the end of the problem', async () => {
    change(/"schedule": ".*"/, '"schedule": "A"')
    const { exitCode, stdout } = await bttHere('explore', '--replay', path, '--json')
    const report: ReplayReport = JSON.parse(stdout.toString())
    expect(exitCode).toBe(1)
    expect(report).toMatchObject({ verdict: 'wrong', isSame: false })
  })

  test.each<[string, string | RegExp, string]>([
    ['no JSON', '{', ''],
    ['lanes that nobody knows', 'recursion-count', 'constructor'],
    ['a schedule that is none', /"schedule": ".*"/, '"schedule": "\\u001b[2J"'],
    ['a key with a line break', '"lanes"', '"la\\nnes"'],
    ['more lanes than the image has', '"laneCount": 1', '"laneCount": 1000'],
    ['an operation that takes too long', '"length": 512', '"length": 1048576'],
    [
      'too many operations',
      /"tasks": \[/,
      `"tasks": [${'[{"kind":"read","offset":0,"length":512}],'.repeat(6)}`,
    ],
  ])('with %s is refused in one line', async (_, from, to) => {
    change(from, to)
    const { exitCode, stdout, stderr } = await bttHere('explore', '--replay', path)
    expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/^btt: [^\p{C}]*found\.json: [^\p{C}]+\n$/u)
    expect(stderr).not.toContain('internal error')
  })

  test.each([
    ['/nowhere/found.json', 1],
    ['/dev/zero', 2],
  ])('that is %s is refused', async (strange, code) => {
    const { exitCode, stderr } = await bttHere('explore', '--replay', strange)
    expect(exitCode).toBe(code)
    expect(stderr).toMatch(new RegExp(`^btt: ${strange}: .+\n$`))
  })
})

test.each([
  [['--lanes', 'none']],
  [['--lane-count', '5']],
  [['--tasks', '0']],
  [['--tasks', '4', '--operations', '2']],
  [['--pct', '--random']],
  [['--exhaustive', '--preemptions', '0']],
  [['--seed', '1']],
  [['--replay', 'found.json', '--tasks', '2']],
  [['--replay', 'found.json', '--out', 'again.json']],
  [['--model', 'none']],
  [['--force']],
  [['--out', 'found.json', '--trace', 'found.json']],
  [['disk.img']],
])('called wrongly: %j', async (args) => {
  const { exitCode, stdout, stderr } = await bttHere('explore', ...args)
  expect({ exitCode, bytes: stdout.length }).toEqual({ exitCode: 2, bytes: 0 })
  expect(stderr).toMatch(/^btt: .+\n$/)
})
