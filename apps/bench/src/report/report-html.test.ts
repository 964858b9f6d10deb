/** The page of a report: that it is whole, needs nothing else, and takes names as text. A browser renders it, where there is one. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { reportHtml } from './report-html.ts'
import { benchReport } from './sample-report.test-support.ts'

const execute = promisify(execFile)
const PAGE = reportHtml(benchReport())
const BROWSER = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
)

/** The elements that are open at the end, or where an end tag does not fit. `meta` and the like are closed by a slash. */
function openElements(page: string): string[] {
  const open: string[] = []
  for (const [, slash, name = '', attributes = ''] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)([^<>]*)>/g)) {
    if (slash === '/') {
      if (open.at(-1) !== name) return [...open, `/${name}`]
      open.pop()
    } else if (!attributes.endsWith('/')) open.push(name)
  }
  return open
}

test('all elements are closed, each by its own end', () => {
  expect(openElements(PAGE)).toEqual([])
  expect(openElements('<p><b></p>')).not.toEqual([])
})

test('it loads nothing and runs nothing', () => {
  expect(PAGE).not.toMatch(/<script|\son[a-z]+=|https?:|url\(/)
  expect(PAGE.match(/(?:src|href)="[^"]*"/g)).toEqual(['href="data:,"'])
})

test('what comes from the machine and the command line is text', () => {
  expect(PAGE).toContain('Fast &lt;Processor&gt; &amp; &quot;Co&quot;')
  expect(PAGE).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(PAGE).toContain('it is &lt;not&gt; installed')
})

test('it has a plot and a table for each comparison, the goals, and what was skipped', () => {
  expect(PAGE.match(/<svg /g)?.length).toBe(2)
  expect(PAGE.match(/<table>/g)?.length).toBe(3)
  expect(PAGE).toContain('bttkit: at most 0.85 of the time of libpmemblk')
  expect(PAGE).toContain('bttkit: at most 200 MiB')
  expect(PAGE).toContain('missed')
  expect(PAGE).toContain('<h2>Skipped</h2>')
})

test('it has colours for dark screens, and for paper', () => {
  expect(PAGE).toContain('@media (prefers-color-scheme: dark)')
  expect(PAGE).toContain('@media print')
})

test.runIf(BROWSER !== undefined)('a browser renders it and has nothing to complain of', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'btt-bench-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const path = join(folder, 'report.html')
  writeFileSync(path, PAGE)
  const options = ['--headless', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr', '--log-level=0']
  const args = [...options, `--user-data-dir=${join(folder, 'profile')}`, '--dump-dom', `file://${path}`]
  const { stdout, stderr } = await execute(BROWSER ?? '', args, { timeout: 25_000 })
  expect(stdout.match(/<circle /g)?.length).toBe(6)
  expect(stderr.split('\n').filter((line) => line.includes('CONSOLE'))).toEqual([])
})
