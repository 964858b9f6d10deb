/** The same as `import` of Node itself, which a process of its own is asked. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { resolvePackage } from './resolve-package.ts'

/** A folder that is gone after the test. */
function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bttkit-packages-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Installs a package for a folder. Each file exports its own name. */
function install(folder: string, name: string, manifest: object, files: readonly string[]): string {
  const root = join(folder, 'node_modules', name)
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), `export const file = ${JSON.stringify(file)}\n`)
  }
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name, type: 'module', ...manifest }))
  return root
}

/** The file that Node itself imports. */
function imported(specifier: string, folder: string): string {
  const program = `console.log((await import(${JSON.stringify(specifier)})).file)`
  const args = ['--input-type=module', '--eval', program]
  return execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim()
}

const NAME = '@acme/thing'
const FILES = ['import.js', 'require.cjs', 'node.js', 'other.js', 'index.js', 'sub/a.js', 'sub/deep/b.js']

test.each<[string, object, string, string]>([
  ['for import only', { exports: { '.': { import: './import.js' } } }, NAME, 'import.js'],
  ['by default only', { exports: { '.': { default: './other.js' } } }, NAME, 'other.js'],
  ['for both', { exports: { require: './require.cjs', import: './import.js' } }, NAME, 'import.js'],
  ['as one file', { exports: './other.js' }, NAME, 'other.js'],
  ['in the order of the package', { exports: { node: './node.js', import: './import.js' } }, NAME, 'node.js'],
  ['with types first', { exports: { '.': { types: './x.d.ts', default: './other.js' } } }, NAME, 'other.js'],
  [
    'nested',
    { exports: { '.': { node: { require: './require.cjs' }, import: { default: './import.js' } } } },
    NAME,
    'import.js',
  ],
  ['as alternatives', { exports: { '.': [{ deno: './node.js' }, './other.js'] } }, NAME, 'other.js'],
  ['at a subpath', { exports: { '.': './index.js', './more': './other.js' } }, `${NAME}/more`, 'other.js'],
  ['by a pattern', { exports: { './*': './sub/*.js' } }, `${NAME}/a`, 'sub/a.js'],
  [
    'by the longest pattern',
    { exports: { './*': './*.js', './in/*.js': './sub/*.js' } },
    `${NAME}/in/deep/b.js`,
    'sub/deep/b.js',
  ],
  ['by main', { main: './other.js' }, NAME, 'other.js'],
  ['without a word', {}, NAME, 'index.js'],
  ['as a file, where it exports nothing else', {}, `${NAME}/sub/a.js`, 'sub/a.js'],
])('a package that exports %s', (_, manifest, specifier, file) => {
  const folder = scratch()
  const root = install(folder, NAME, manifest, FILES)
  const found = resolvePackage(specifier, folder) ?? expect.fail('it was not found')
  expect(relative(root, fileURLToPath(found))).toBe(file)
  expect(imported(specifier, folder)).toBe(file)
})

describe('a package', () => {
  test('without a scope is found from a folder below', () => {
    const folder = scratch()
    const below = join(folder, 'a', 'b')
    mkdirSync(below, { recursive: true })
    install(folder, 'thing', { exports: './other.js' }, FILES)
    expect(resolvePackage('thing', below)).toMatch(/\/node_modules\/thing\/other\.js$/)
  })

  test('that is not installed is not found', () => {
    expect(resolvePackage('btt-no-such-package', scratch())).toBeUndefined()
  })

  test.each(['node:fs', 'file:///tmp/x.js', './x.js', '/tmp/x.js', '@acme', ''])(
    '%j is none',
    (specifier) => {
      expect(resolvePackage(specifier, scratch())).toBeUndefined()
    },
  )

  test.each<[string, object, string]>([
    ['for require only', { exports: { '.': { require: './require.cjs' } } }, NAME],
    ['nothing', { exports: { '.': null } }, NAME],
    ['no such subpath', { exports: './index.js' }, `${NAME}/other.js`],
  ])('that exports %s is refused', (_, manifest, specifier) => {
    const folder = scratch()
    install(folder, NAME, manifest, FILES)
    expect(() => imported(specifier, folder)).toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED')
    expect(() => resolvePackage(specifier, folder)).toThrow(/thing exports no '.*' for import$/)
  })
})
