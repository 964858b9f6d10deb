/** `btt explore --model`: power failures. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { ExploredCrash } from './explore-finding.ts'
import type { ReplayReport } from './explore-replay-file.ts'
import type { ExploreReport } from './explore-run.ts'
import { bttHere, scratch } from './program.test-support.ts'

async function explored(...args: string[]): Promise<{ exitCode: number; report: ExploreReport }> {
  const { exitCode, stdout, stderr } = await bttHere('explore', ...args, '--seconds', '600', '--json')
  expect(stderr).toBe('')
  const report: ExploreReport = JSON.parse(stdout.toString())
  return { exitCode, report }
}

function crashOf({ finding }: ExploreReport): ExploredCrash {
  if (finding === null || !('stores' in finding)) throw new Error('no power failure was found')
  return finding
}

test.each([
  ['px86', 0],
  ['buffered', 1],
])('%s: mutex lanes are right wherever the power fails', async (model, maxPreemptions) => {
  const { exitCode, report } = await explored('--model', model, '--preemptions', String(maxPreemptions))
  expect(exitCode).toBe(0)
  expect(report).toMatchObject({
    verdict: 'clean',
    model,
    strategy: 'bounded',
    maxPreemptions,
    isExhaustive: true,
    programs: 21,
    pruned: 0,
    steps: null,
    isSmallest: null,
    finding: null,
  })
  const { points, classes, states } = report.powerFailures ?? { points: 0, classes: 0, states: 0 }
  expect(report.schedules).toBeGreaterThanOrEqual(21 * 2)
  expect(points).toBeGreaterThan(report.schedules)
  expect(states).toBeGreaterThanOrEqual(classes)
})

test('without a model nothing is said of power failures', async () => {
  const { report } = await explored('--preemptions', '0')
  expect(report).toMatchObject({ model: null, powerFailures: null })
})

test.each([
  ['buffered', '--exhaustive'],
  ['buffered', '--pct', '--seed', '1'],
  ['torn-512', '--random', '--seed', '1'],
])('%s, %s finds the mistake of recursion-count, and makes it small', async (model, ...strategy) => {
  const args = ['--model', model, '--lanes', 'recursion-count', '--lane-count', '2', ...strategy]
  const { exitCode, report } = await explored(...args)
  expect(exitCode).toBe(1)
  expect(report).toMatchObject({ verdict: 'wrong', isExhaustive: false, isSmallest: true })
  const { program, schedule, powerFailure } = crashOf(report)
  expect(program).toMatchObject({ model, lanes: { table: 'recursion-count', laneCount: 1 } })
  expect(program.tasks.map((operations) => operations.length)).toEqual([1, 1])
  expect(schedule.split(' ').length).toBeLessThanOrEqual(3)
  expect(powerFailure?.choices.length).toBeLessThanOrEqual(1)
})

test('a seed repeats what is done by chance', async () => {
  const args = ['--model', 'buffered', '--lanes', 'recursion-count', '--random', '--seed', '7']
  const [first, second] = [await explored(...args), await explored(...args)]
  expect({ ...second.report, seconds: 0 }).toEqual({ ...first.report, seconds: 0 })
})

/** Times differ from run to run, and rates with them. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d+\.\d s/g, 'x s').replaceAll(/[\d,]+ (schedules|judged)\/s/g, 'x $1/s')
}

test('people see what the README shows', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, command = '', shown = ''] = /^```console\n\$ btt (.*)\n([^]*?)^```$/m.exec(readme) ?? []
  const { exitCode, stdout } = await bttHere(...command.split(' '), '--seconds', '600')
  expect(exitCode).toBe(1)
  expect(withoutTimes(stdout.toString())).toBe(withoutTimes(shown))
})

test('the time ends it, and a report does not say that everything was run', async () => {
  const { exitCode, stdout } = await bttHere(
    'explore',
    '--model',
    'px86',
    '--tasks',
    '7',
    '--seconds',
    '0.1',
    '--json',
  )
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout.toString())).toMatchObject({ verdict: 'clean', isExhaustive: false })
})

describe('a replay file', () => {
  const ARGS = ['explore', '--model', 'buffered', '--lanes', 'recursion-count', '--json']
  let found = ''
  let report: ExploreReport
  let printed = ''
  let path = ''

  /** It is made once. */
  beforeEach(async () => {
    path = join(scratch(), 'found.json')
    if (found !== '') {
      writeFileSync(path, found)
      return
    }
    const { stdout } = await bttHere(...ARGS, '--out', path)
    report = JSON.parse(stdout.toString())
    printed = crashOf(report).diagram
    found = readFileSync(path, 'utf8')
  })

  /** The file with something in it replaced. */
  function change(from: string | RegExp, to: string): void {
    const changed = found.replace(from, to)
    expect(changed).not.toBe(found)
    writeFileSync(path, changed)
  }

  test('shows the same again', async () => {
    const { exitCode, stdout, stderr } = await bttHere('explore', '--replay', path)
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
    const { schedule } = crashOf(report)
    expect(stdout.toString()).toBe(`${path}: wrong, as it was\n\n${printed}\nschedule: ${schedule}\n`)
  })

  test('has the power failure as its last and marked row, and below it what survived', () => {
    const lines = printed.split('\n')
    const marked = lines.filter((line) => line.startsWith('>'))
    expect(marked).toEqual([expect.stringMatching(/│ the power fails$/)])
    const { stores } = crashOf(report)
    const survived = stores.filter(({ fate }) => fate === 'survived')
    expect(lines.at(-3)).toBe(
      `in flight, and survived: ${survived.map(({ stage, lane, lbas, step }) => `${stage}, lane ${lane}, LBA ${String(lbas)} (step ${step})`).join('; ')}`,
    )
    expect(lines.at(-2)).toMatch(/^in flight, and lost: /)
    expect(lines.at(-1)).toBe(crashOf(report).problem)
  })

  test('makes a trace with an event for each step, and the power failure', async () => {
    const trace = join(scratch(), 'trace.json')
    expect((await bttHere('explore', '--replay', path, '--trace', trace)).exitCode).toBe(1)
    const events: { ph: string; pid: number; name: string }[] = JSON.parse(readFileSync(trace, 'utf8'))
    const rows = printed.split('\n').filter((line) => /^ *\d+ │/.test(line)).length
    expect(events.filter(({ ph, pid }) => ph === 'X' && pid === 1).length).toBe(rows)
    expect(events.at(-1)).toMatchObject({ ph: 'i', name: 'the power fails' })
  })

  test('over lanes that are right tells that the problem is gone', async () => {
    change('recursion-count', 'mutex')
    const { exitCode, stdout } = await bttHere('explore', '--replay', path)
    expect(exitCode).toBe(0)
    expect(stdout.toString()).toBe(`${path}: the problem is gone: no schedule of its program goes wrong\n`)
  })

  test('that tells of another problem shows the one that there is', async () => {
    change(/"problem": ".*"/, '"problem": "another one"')
    const { exitCode, stdout } = await bttHere('explore', '--replay', path, '--json')
    const again: ReplayReport = JSON.parse(stdout.toString())
    expect(exitCode).toBe(1)
    expect(again).toMatchObject({ verdict: 'wrong', isSame: false })
    expect(again.finding?.problem).toBe(crashOf(report).problem)
  })

  test('that cannot be read is named', async () => {
    const directory = scratch()
    const { exitCode, stderr } = await bttHere('explore', '--replay', directory)
    expect(exitCode).toBe(1)
    expect(stderr).toBe(`btt: ${directory}: illegal operation on a directory (EISDIR)\n`)
  })

  test('whose power failure is right is not taken for the end of the problem', async () => {
    change(/"point": \d+/, '"point": 0')
    const { exitCode, stdout } = await bttHere('explore', '--replay', path, '--json')
    const again: ReplayReport = JSON.parse(stdout.toString())
    expect(exitCode).toBe(1)
    expect(again).toMatchObject({ verdict: 'wrong', isSame: false })
  })

  test.each<[string, string | RegExp, string]>([
    ['no JSON', '{', ''],
    ['another version', '"version": 1', '"version": 2'],
    ['a model that nobody knows', 'buffered', 'constructor'],
    ['lanes that nobody knows', 'recursion-count', 'constructor'],
    ['more lanes than the image has', '"laneCount": 1', '"laneCount": 1000'],
    ['a schedule that is none', /"schedule": ".*"/, '"schedule": "\\u001b[2J"'],
    ['a key with a line break', '"lanes"', '"la\\nnes"'],
    ['an LBA beyond the device', /"lba": \d+/, '"lba": 9007199254740991'],
    ['an operation that takes too long', '"count": 1', '"count": 2048'],
    ['too many operations', '"tasks": [', `"tasks": [${'[{"kind":"flush"}],'.repeat(6)}`],
    ['choices that are no list', /"choices": \[[^]*?\]/, '"choices": {}'],
    [
      'a workload on another image',
      /^[^]*$/,
      '{"kind": "power failure in a workload", "version": 1, "model": "px86", "workload": [], "point": 0, "choices": [], "problem": ""}',
    ],
  ])('with %s is refused in one line', async (_, from, to) => {
    change(from, to)
    const { exitCode, stdout, stderr } = await bttHere('explore', '--replay', path)
    expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/^btt: [^\p{C}]*found\.json: [^\p{C}]+\n$/u)
    expect(stderr).not.toContain('internal error')
  })
})
