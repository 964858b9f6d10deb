/** `--html`: which file it is, when it is refused, and that nothing half is ever there. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { kernelImage, poolImage } from '@bttkit/fixtures'
import { bttHere, bttOk, commandLine, fingerprint, scratch } from './program.test-support.ts'

interface Files {
  readonly directory: string
  readonly image: string
  readonly html: string
}

function unpack(name = 'bad-map-dup'): Files {
  const directory = scratch()
  const image = join(directory, 'disk.img')
  kernelImage(name).writeTo(image)
  return { directory, image, html: join(directory, 'disk.html') }
}

/** What is in a page where the image is named. */
const isPage = (text: string): boolean => text.startsWith('<!doctype html>') && text.endsWith('</html>\n')

test.each([
  ['v11-4096', 0],
  ['bad-map-pending', 0],
  ['bad-map-dup', 4],
  ['bad-info-both-zero', 8],
])(
  'the page of %s comes beside what is printed, and changes neither that nor the exit code',
  async (name, exitCode) => {
    const { image, html, directory } = unpack(name)
    for (const options of [[], ['--json']]) {
      const without = await bttHere('check', image, ...options)
      const before = fingerprint(image)
      expect(await bttHere('check', image, ...options, '--html', html)).toEqual({ ...without, exitCode })
      expect(fingerprint(image)).toBe(before)
      expect(isPage(readFileSync(html, 'utf8'))).toBe(true)
    }
    expect(readdirSync(directory).toSorted()).toEqual(['disk.html', 'disk.img'])
  },
)

test('what is not printed to people is on the page', async () => {
  const { html, image } = unpack()
  poolImage('crash-4096').writeTo(image)
  const text = await bttHere('check', image, '--html', html)
  expect(text.stdout.toString().match(/ flog-half-written at /g)?.length).toBeLessThanOrEqual(20)
  expect(readFileSync(html, 'utf8')).toContain('id="finding-40"')
})

test('the page of a repair shows the image as it is then, what was done, and how to take it back', async () => {
  const { image, html, directory } = unpack('bad-map-pending')
  const undo = join(directory, 'disk.undo')
  const { exitCode } = await bttHere('check', image, '--repair', '--undo', undo, '--html', html, '--quiet')
  expect(exitCode).toBe(1)
  const page = readFileSync(html, 'utf8')
  expect(page).toContain('What was repaired')
  expect(page).toContain(`btt check ${image} --undo-restore ${undo}`)
  expect(page).toContain('class="verdict clean"')
})

test('the page of a plan says that nothing was changed', async () => {
  const { image, html } = unpack()
  const { exitCode } = await bttHere('check', image, '--repair', '--dry-run', '--html', html)
  expect(exitCode).toBe(4)
  expect(readFileSync(html, 'utf8')).toContain('What a repair would do')
})

test('the page of btt info tells of the storage, too', async () => {
  const { image, html } = unpack('v20-4096')
  const without = await bttOk('info', image)
  expect(await bttOk('info', image, '--html', html)).toEqual(without)
  expect(readFileSync(html, 'utf8')).toContain('made durable by')
})

test('a page is replaced by a newer one, through a link as well; anything else is not', async () => {
  const { image, html, directory } = unpack('v11-4096')
  const link = join(directory, 'link.html')
  symlinkSync(basename(html), link)
  await bttOk('check', image, '--html', link)
  await bttOk('check', image, '--html', link)
  expect(lstatSync(link).isSymbolicLink()).toBe(true)
  expect(isPage(readFileSync(html, 'utf8'))).toBe(true)
  writeFileSync(html, 'my notes')
  const { exitCode, stderr } = await bttHere('check', image, '--html', html)
  expect(exitCode).toBe(8)
  expect(stderr).toBe(`btt: ${html}: holds something that is no page of btt (EEXIST): name another file\n`)
  expect(readFileSync(html, 'utf8')).toBe('my notes')
})

test.each([
  ['no directory', 'nowhere/disk.html', /nowhere.*ENOENT/],
  ['a directory', '.', /is a directory \(EISDIR\)/],
  ['the image itself', 'disk.img', /is the image itself/],
])('%s is refused before the image is looked at', async (_, name, says) => {
  const { image, directory } = unpack()
  const before = fingerprint(image)
  const { exitCode, stdout, stderr } = await bttHere(
    'check',
    image,
    '--repair',
    '--html',
    join(directory, name),
  )
  expect(exitCode).toBe(8)
  expect(stderr).toMatch(says)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(stdout.length).toBe(0)
  expect(fingerprint(image)).toBe(before)
})

test.each([
  [['--html', '-'], /--html names a file/],
  [['--undo-restore', 'undo', '--html', 'page'], /--undo-restore checks nothing/],
  [['--repair', '--undo', 'one', '--html', './one'], /name one file/],
])('%s makes no sense', async (options, says) => {
  const { image } = unpack()
  const { exitCode, stderr } = await bttHere('check', image, ...options)
  expect(exitCode).toBe(16)
  expect(stderr).toMatch(says)
})

test('where the image cannot be opened there is no page, and an older one stays', async () => {
  const { directory, html } = unpack()
  const older = '<!doctype html><meta name="generator" content="bttkit">'
  writeFileSync(html, older)
  expect((await bttHere('check', join(directory, 'none'), '--html', html)).exitCode).toBe(8)
  expect(readFileSync(html, 'utf8')).toBe(older)
  expect(readdirSync(directory).toSorted()).toEqual(['disk.html', 'disk.img'])
})

test('an interrupt leaves nothing, and is still an interrupt', async () => {
  const { directory, html } = unpack()
  // So slow that it does not end before.
  const { file, args, env } = commandLine([
    'check',
    `delay:${join(directory, 'disk.img')}?readDelayMs=20000`,
    '--html',
    html,
  ])
  const child = spawn(file, args, { env, stdio: 'inherit' })
  await expect
    .poll(() => readdirSync(directory).some((name) => name.endsWith('.part')), { timeout: 20_000 })
    .toBe(true)
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT'])
  expect(existsSync(html)).toBe(false)
  expect(readdirSync(directory)).toEqual(['disk.img'])
})
