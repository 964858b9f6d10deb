/** The files of `btt explore`: what they may overwrite is known before it begins. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { bttHere, scratch } from './program.test-support.ts'

const FIND = ['explore', '--lanes', 'recursion-count']

describe.each(['--out', '--trace'])('%s', (option) => {
  let path = ''

  beforeEach(() => {
    path = join(scratch(), 'file')
  })

  /** Refused before anything was explored. */
  async function expectRefusal(reason: RegExp): Promise<void> {
    const { exitCode, stdout, stderr } = await bttHere(...FIND, option, path)
    expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(reason)
  }

  test('makes a file', async () => {
    expect((await bttHere(...FIND, option, path)).exitCode).toBe(1)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toBeDefined()
  })

  test('overwrites a file of its kind, and an empty one', async () => {
    writeFileSync(path, '')
    await bttHere(...FIND, option, path)
    const first = readFileSync(path, 'utf8')
    expect((await bttHere(...FIND, option, path)).stderr).toBe('')
    expect(readFileSync(path, 'utf8')).toBe(first)
  })

  test.each(['{"important": true}', '[1, 2]', 'disk image'])(
    'does not overwrite another file: %s',
    async (content) => {
      writeFileSync(path, content)
      await expectRefusal(/^btt: .*file: holds something that is no .* \(EEXIST\): use --force\n$/)
      expect(readFileSync(path, 'utf8')).toBe(content)
    },
  )

  test('overwrites any file with --force', async () => {
    writeFileSync(path, 'disk image')
    expect((await bttHere(...FIND, option, path, '--force')).stderr).toBe('')
    expect(readFileSync(path, 'utf8')).not.toContain('disk image')
  })

  test('is refused where there is no directory for it, and where it is one', async () => {
    path = join(path, 'file')
    await expectRefusal(/ENOENT/)
    mkdirSync(join(path, '..'))
    mkdirSync(path)
    await expectRefusal(/EISDIR/)
  })

  test('is refused where a link leads round in a circle', async () => {
    symlinkSync(path, path)
    await expectRefusal(/ELOOP/)
  })

  test('leaves an old file as it is where nothing was found', async () => {
    await bttHere(...FIND, option, path)
    const before = readFileSync(path, 'utf8')
    expect((await bttHere('explore', '--preemptions', '0', option, path)).exitCode).toBe(0)
    expect(readFileSync(path, 'utf8')).toBe(before)
  })
})

test('--out and --trace are two files, however they are written', async () => {
  const directory = scratch()
  const path = join(directory, 'file')
  const again = `${directory}/../${basename(directory)}/file`
  const { exitCode, stderr } = await bttHere(...FIND, '--out', path, '--trace', again)
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/^btt: --out and --trace: give two files/)
  expect(existsSync(path)).toBe(false)
})

test('nothing found makes no file', async () => {
  const [out, trace] = ['out', 'trace'].map((name) => join(scratch(), name))
  const { exitCode } = await bttHere(
    'explore',
    '--preemptions',
    '0',
    '--out',
    out ?? '',
    '--trace',
    trace ?? '',
  )
  expect(exitCode).toBe(0)
  expect([out, trace].map((path) => existsSync(path ?? ''))).toEqual([false, false])
})

test('a trace of lanes has an event for each step of the diagram', async () => {
  const trace = join(scratch(), 'trace.json')
  const { stdout } = await bttHere(...FIND, '--trace', trace)
  const events: { ph: string; pid: number }[] = JSON.parse(readFileSync(trace, 'utf8'))
  const rows = stdout
    .toString()
    .split('\n')
    .filter((line) => /^[> ] ?\d+ │/.test(line)).length
  expect(events.filter(({ ph, pid }) => ph === 'X' && pid === 1).length).toBe(rows)
})
