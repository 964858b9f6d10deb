/** `--plugin`, with the real program in a folder of somebody else's. */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PROVIDER_CONTRACT } from '@bttkit/interfaces'
import { bttOk, commandLine, scratch, type Outcome } from './program.test-support.ts'

/** A plugin as somebody may write it who has none of our packages: it reads a whole file at the opening. */
function pluginSource(contract: string): string {
  return `
import { readFileSync } from 'node:fs'

const anyText = { '~standard': { version: 1, vendor: 'acme', validate: (value) => ({ value }) } }

export const providerPlugin = {
  name: 'loaded',
  contract: '${contract}',
  schemes: ['loaded'],
  parameters: { comment: anyText },
  async open({ path }) {
    const bytes = readFileSync(path)
    return {
      name: path,
      size: bytes.length,
      readOnly: true,
      capabilities: {
        atomicWriteBytes: 8, tearGranularityBytes: 8, sameLineOrdered: false, damagesNeighbours: false, mayWait: false, flush: 'none',
        persistBy: 'nothing', durableOnWrite: false, fencing: false, maxWritesInFlight: 1, atomicAccessBytes: 0,
      },
      read: (offset, target) => void target.set(bytes.subarray(offset, offset + target.length)),
      write: () => { throw new Error('it is only read') },
      flush: () => undefined,
      close: () => undefined,
    }
  },
}
`
}

/** A folder with an image, the package `@acme/pmem-loaded`, and the same plugin as a file. */
async function folderWith(contract: string): Promise<string> {
  const folder = scratch()
  await bttOk('create', join(folder, 'disk.img'), '--size', '17MiB', '--quiet')
  const root = join(folder, 'node_modules', '@acme', 'pmem-loaded')
  mkdirSync(root, { recursive: true })
  const exported = { '.': { import: './plugin.js' } }
  const manifest = { name: '@acme/pmem-loaded', type: 'module', exports: exported }
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(root, 'plugin.js'), pluginSource(contract))
  writeFileSync(join(folder, 'my-provider.mjs'), pluginSource(contract))
  return folder
}

/** Runs the real program in a folder. */
function bttIn(cwd: string, ...given: string[]): Promise<Outcome> {
  const { file, args, env } = commandLine(given)
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd, env, encoding: 'buffer' }, (_, stdout, stderr) => {
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr: stderr.toString() })
    })
  })
}

test.each(['./my-provider.mjs', 'my-provider.mjs', '@acme/pmem-loaded'])(
  '--plugin %s is used',
  async (module) => {
    const folder = await folderWith(PROVIDER_CONTRACT)
    const { exitCode, stdout, stderr } = await bttIn(
      folder,
      'info',
      'loaded:disk.img?comment=x',
      '--plugin',
      module,
      '--json',
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(JSON.parse(stdout.toString())).toMatchObject({ state: 'clean', provider: { name: 'loaded' } })
  },
)

test.each(['./my-provider.mjs', '@acme/pmem-loaded'])(
  '--plugin %s, made for another contract, is refused in one line with both versions',
  async (module) => {
    const folder = await folderWith('99.1')
    const { exitCode, stderr } = await bttIn(folder, 'info', 'loaded:disk.img', '--plugin', module)
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      `btt: the plugin ${module} cannot be used: the provider plugin 'loaded' was made for version 99.1 of the provider contract, and this is version ${PROVIDER_CONTRACT}\n`,
    )
  },
)

test('--plugin of a package that is not there is one line', async () => {
  const { exitCode, stderr } = await bttIn(scratch(), 'info', 'x:y', '--plugin', '@acme/pmem-missing')
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^btt: the plugin @acme\/pmem-missing cannot be loaded: .*\n$/)
})
