import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { PROVIDER_CONTRACT, type ProviderPlugin } from '@bttkit/interfaces'
import { CommandError, loadPlugins } from './index.ts'

/** A plugin for this version of the contract. */
const soundObject = (contract = PROVIDER_CONTRACT): string =>
  `{ name: 'toy', contract: '${contract}', schemes: ['toy'], parameters: {}, open: async () => undefined }`

const sound = (contract?: string): string => `export const providerPlugin = ${soundObject(contract)}\n`

let directory: string

async function loadProviderPlugin(module: string): Promise<ProviderPlugin | undefined> {
  return (await loadPlugins([module])).plugins[0]
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bttkit-plugin-'))
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(directory, { recursive: true, force: true })
})

function write(name: string, source: string): string {
  const path = join(directory, name)
  writeFileSync(path, source)
  return path
}

test('a plugin is loaded by its path', async () => {
  const path = write('toy.mjs', sound())
  expect(await loadProviderPlugin(path)).toMatchObject({ name: 'toy', schemes: ['toy'] })
  expect(await loadProviderPlugin(`./${relative('.', path)}`)).toMatchObject({ name: 'toy' })
  expect(await loadProviderPlugin(pathToFileURL(path).href)).toMatchObject({ name: 'toy' })
})

test('a plugin is a package of the working directory', async () => {
  const folder = join(directory, 'node_modules', 'btt-toy')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    '{ "name": "btt-toy", "type": "module", "exports": { ".": { "import": "./toy.js" } } }',
  )
  writeFileSync(join(folder, 'toy.js'), sound())
  vi.spyOn(process, 'cwd').mockReturnValue(directory)
  expect(await loadProviderPlugin('btt-toy')).toMatchObject({ name: 'toy' })
})

test('a package beside the program is found, where the working directory has none', async () => {
  vi.spyOn(process, 'cwd').mockReturnValue(directory)
  await expect(loadProviderPlugin('commander')).rejects.toThrow(
    'the plugin commander exports no providerPlugin',
  )
})

test('a folder that is called as a package is not in its way', async () => {
  mkdirSync(join(directory, 'commander'))
  const before = process.cwd()
  process.chdir(directory)
  onTestFinished(() => process.chdir(before))
  await expect(loadProviderPlugin('commander')).rejects.toThrow('exports no providerPlugin')
})

test('a package that lacks something of its own is not looked for elsewhere', async () => {
  const folder = join(directory, 'node_modules', 'commander')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "exports": "./toy.js" }')
  writeFileSync(join(folder, 'toy.js'), "import 'btt-no-such-package'\n")
  vi.spyOn(process, 'cwd').mockReturnValue(directory)
  await expect(loadProviderPlugin('commander')).rejects.toThrow(/cannot be loaded: .*btt-no-such-package/)
})

test.each([
  ['exports none', 'export const somethingElse = 1\n', /exports no providerPlugin and no checkers$/],
  [
    'exports something else by that name',
    'export const providerPlugin = 1\n',
    /cannot be used: a provider plugin is an object$/,
  ],
  [
    'exports half of one',
    `export const providerPlugin = { name: 'toy', contract: '${PROVIDER_CONTRACT}', schemes: ['toy'] }\n`,
    /'toy' has no 'parameters', 'open' as version/,
  ],
  [
    'exports one for another contract',
    sound('99.0'),
    new RegExp(`'toy' was made for version 99\\.0 .* version ${PROVIDER_CONTRACT}$`),
  ],
  ['fails', "throw new Error('no luck')\n", /cannot be loaded: no luck$/],
])('a module that %s is refused by name', async (_, source, says) => {
  const path = write('bad.mjs', source)
  const loading = loadProviderPlugin(path)
  await expect(loading).rejects.toThrow(CommandError)
  await expect(loading).rejects.toThrow(says)
  await expect(loading).rejects.toThrow(`the plugin ${path} `)
})

test('a module that is not there is refused by name, and no place of this program is named', async () => {
  await expect(loadProviderPlugin('/nowhere/plugin.mjs')).rejects.toThrow(
    /^the plugin \/nowhere\/plugin\.mjs cannot be loaded: there is no such file$/,
  )
  vi.spyOn(process, 'cwd').mockReturnValue(directory)
  const missing = loadProviderPlugin('btt-no-such-package')
  await expect(missing).rejects.toThrow(CommandError)
  await expect(missing).rejects.toThrow(
    `the plugin btt-no-such-package cannot be loaded: there is no such file, and no such package for ${directory} or`,
  )
})

test('a folder is no module', async () => {
  await expect(loadProviderPlugin(directory)).rejects.toThrow('it is a folder; name the file in it')
})

test('CommonJS may make its exports at run time', async () => {
  const path = write('toy.cjs', `Object.assign(exports, { ['provider' + 'Plugin']: ${soundObject()} })`)
  expect(await loadProviderPlugin(path)).toMatchObject({ name: 'toy', schemes: ['toy'] })
})

const RULE = "{ name: 'acme', async *check() {} }"

test('a module may have rules for checks, alone or beside a provider', async () => {
  const alone = write('rules.mjs', `export const checkers = [${RULE}, ${RULE}]\n`)
  const both = write('both.mjs', `${sound()}export const checkers = [${RULE}]\n`)
  const { plugins, checkers } = await loadPlugins([alone, both])
  expect(plugins.map(({ name }) => name)).toEqual(['toy'])
  expect(checkers.map(({ name }) => name)).toEqual(['acme', 'acme', 'acme'])
})

test.each([
  ['are no list', RULE, /its checkers are no list$/],
  ['have no name', '[{ async *check() {} }]', /a checker has no 'name'/],
  ['have an empty name', "[{ name: '', async *check() {} }]", /a checker has no 'name'/],
  ['cannot check', "[{ name: 'acme' }]", /the checker 'acme' has no 'check'/],
  ['are nothing', '[null]', /a checker is an object$/],
])('rules that %s are refused by name', async (_, source, says) => {
  const path = write('rules.mjs', `export const checkers = ${source}\n`)
  await expect(loadPlugins([path])).rejects.toThrow(`the plugin ${path} cannot be used: `)
  await expect(loadPlugins([path])).rejects.toThrow(says)
})
