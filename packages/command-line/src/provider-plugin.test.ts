import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CommandError, loadProviderPlugin } from './index.ts'

const SOUND = "export const providerPlugin = { name: 'toy', schemes: ['toy'], open: async () => undefined }\n"

let directory: string

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
  const path = write('toy.mjs', SOUND)
  expect(await loadProviderPlugin(path)).toMatchObject({ name: 'toy', schemes: ['toy'] })
  expect(await loadProviderPlugin(`./${relative('.', path)}`)).toMatchObject({ name: 'toy' })
})

test('a plugin is a package of the working directory', async () => {
  const folder = join(directory, 'node_modules', 'btt-toy')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    '{ "name": "btt-toy", "type": "module", "exports": "./toy.js" }',
  )
  writeFileSync(join(folder, 'toy.js'), SOUND)
  vi.spyOn(process, 'cwd').mockReturnValue(directory)
  expect(await loadProviderPlugin('btt-toy')).toMatchObject({ name: 'toy' })
})

test.each([
  ['exports none', 'export const somethingElse = 1\n', /exports no providerPlugin$/],
  [
    'exports something else by that name',
    'export const providerPlugin = 1\n',
    /without a name, schemes and open$/,
  ],
  ['exports half of one', "export const providerPlugin = { name: 'toy', schemes: [] }\n", /without a name/],
  ['fails', "throw new Error('no luck')\n", /cannot be loaded: no luck$/],
])('a module that %s is refused by name', async (_, source, says) => {
  const path = write('bad.mjs', source)
  const loading = loadProviderPlugin(path)
  await expect(loading).rejects.toThrow(CommandError)
  await expect(loading).rejects.toThrow(says)
  await expect(loading).rejects.toThrow(`the plugin ${path} `)
})

test('a module that is not there is refused by name', async () => {
  await expect(loadProviderPlugin('/nowhere/plugin.mjs')).rejects.toThrow(
    /^the plugin \/nowhere\/plugin\.mjs cannot be loaded: /,
  )
  await expect(loadProviderPlugin('btt-no-such-package')).rejects.toThrow(
    /^the plugin btt-no-such-package cannot be loaded: /,
  )
})
