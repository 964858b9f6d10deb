/** How the program meets the world: its options, its streams, its help. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import type { BttInfo } from '@bttkit/interfaces'
import { buildProgram } from './index.ts'
import { btt, bttHere, bttJson, bttOk, commandLine, fingerprint, scratch } from './program.test-support.ts'

function sample(): string {
  const path = join(scratch(), 'disk.img')
  kernelImage('v11-4096').writeTo(path)
  return path
}

test('the real program prints its version and its help', async () => {
  const version = await btt(['--version'])
  expect(version).toMatchObject({ exitCode: 0, stderr: '' })
  expect(version.stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
  const help = await btt(['--help'])
  expect(help).toMatchObject({ exitCode: 0, stderr: '' })
  expect(help.stdout.toString()).toContain('import RAW IMAGE')
})

test('without a command it prints its help on standard error, and that is a wrong call', async () => {
  const { exitCode, stdout, stderr } = await bttHere()
  expect({ exitCode, bytes: stdout.length }).toEqual({ exitCode: 2, bytes: 0 })
  expect(stderr).toMatch(/^Usage: btt/)
})

const names = buildProgram().commands.map((command) => command.name())

test('there are the commands of the contract', () => {
  expect(names).toEqual(
    expect.arrayContaining(['create', 'info', 'read', 'write', 'zero', 'export', 'import', 'map', 'flog']),
  )
})

describe.each(names)('%s', (name) => {
  test('has help with examples and the common options', async () => {
    const help = (await bttOk(name, '--help')).toString()
    expect(help).toMatch(new RegExp(`^Usage: btt ${name} `))
    expect(help).toContain('Examples:\n')
    for (const option of ['offset', 'provider', 'plugin', 'json', 'quiet', 'no-progress', 'version']) {
      expect(help).toContain(`--${option}`)
    }
  })

  test('takes the common options before and after its name', async () => {
    const common = [
      '--offset',
      '4k',
      '--provider',
      'mem:?size=1MiB',
      '--json',
      '--quiet',
      '--no-progress',
      '--verbose',
    ]
    for (const args of [
      [name, ...common, '--version'],
      [...common, '--version', name],
    ]) {
      expect((await bttOk(...args)).toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
    }
  })
})

test('--json and --offset work before the command, too', async () => {
  const image = sample()
  const info = JSON.parse((await bttOk('--json', '--offset', '4096', 'info', image)).toString()) as unknown
  expect(info).toEqual(await bttJson('info', image))
})

test('--provider stands in for IMAGE, wherever that is', async () => {
  const image = sample()
  const raw = join(scratch(), 'raw')
  await bttOk('export', '--provider', `file:${image}`, raw)
  await bttOk('import', raw, '--provider', `file:${image}`)
  const again = join(scratch(), 'again')
  await bttOk('export', again, '--provider', `file:${image}`)
  expect(readFileSync(again).equals(readFileSync(raw))).toBe(true)
})

test('--plugin makes its scheme known', async () => {
  const image = sample()
  const plugin = join(scratch(), 'plugin.mjs')
  // A scheme `other:` for the image, by way of a provider that bttkit has.
  writeFileSync(
    plugin,
    `import { providerPlugin as filePlugin } from ${JSON.stringify(new URL('../../../packages/pmem-file/src/index.ts', import.meta.url).href)}
    export const providerPlugin = { ...filePlugin, name: 'other', schemes: ['other'] }\n`,
  )
  const { exitCode, stdout, stderr } = await btt(['info', '--json', '--plugin', plugin, `other:${image}`])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const { provider, ...info } = await bttJson<BttInfo & { provider: object }>('info', image)
  expect(JSON.parse(stdout.toString())).toEqual({
    ...info,
    provider: { ...provider, name: 'other', schemes: ['other'] },
  })
})

test('--verbose adds the stack, below the line', async () => {
  const { stderr, exitCode } = await bttHere('info', '/nowhere/disk.img', '--verbose')
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^btt: \/nowhere\/disk\.img: .*\(ENOENT\)\nProviderOpenError: .*\n +at /)
})

test('commands that read leave an image as it is', async () => {
  const image = sample()
  const before = fingerprint(image)
  await bttOk('info', image)
  await bttOk('read', image, '--lba', '0', '--count', '100')
  await bttOk('map', image)
  await bttOk('flog', image)
  await bttOk('export', image, `${image}.raw`)
  expect(fingerprint(image)).toBe(before)
})

test('raw sectors are not written to a terminal', async () => {
  const image = sample()
  const { isTTY } = process.stdout
  process.stdout.isTTY = true
  try {
    for (const args of [
      ['read', image, '--lba', '0'],
      ['export', image, '-'],
    ]) {
      const { exitCode, stdout, stderr } = await bttHere(...args)
      expect({ exitCode, bytes: stdout.length }).toEqual({ exitCode: 2, bytes: 0 })
      expect(stderr).toMatch(/^btt: raw sectors are not written to a terminal/)
    }
  } finally {
    process.stdout.isTTY = isTTY
  }
})

test('the real program ends without a word when nobody reads on', async () => {
  const { file, args, env } = commandLine(['export', sample(), '-'])
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdout.once('data', () => child.stdout.destroy())
  expect(await once(child, 'close')).toEqual([0, null])
  expect(stderr).toBe('')
})
