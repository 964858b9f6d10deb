/** `btt check --plugin`: rules of others. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { kernelImage } from '@bttkit/fixtures'
import { bttHere, fingerprint, scratch } from './program.test-support.ts'

interface Checked {
  readonly verdict: string
  readonly findings: readonly { readonly code: string; readonly message: string; readonly lane: unknown }[]
}

const FINDING =
  "{ code: 'acme-size', severity: 'damaged', offset: provider.size, message: 'it is too large' }"

/** An image, and a module with one rule. */
function prepare(name: string, body: string): [image: string, plugin: string] {
  const directory = scratch()
  const image = join(directory, 'image')
  kernelImage(name).writeTo(image)
  const plugin = join(directory, 'rules.mjs')
  writeFileSync(
    plugin,
    `export const checkers = [{ name: 'acme', async *check(provider, options) { ${body} } }]\n`,
  )
  return [image, plugin]
}

async function checked(
  image: string,
  plugin: string,
  ...options: string[]
): Promise<Checked & { exitCode: number }> {
  const { exitCode, stdout, stderr } = await bttHere('check', image, '--plugin', plugin, '--json', ...options)
  expect(stderr).toBe('')
  const json: Checked = JSON.parse(stdout.toString())
  return { exitCode, ...json }
}

test('what a rule finds counts for verdict and exit code', async () => {
  const [image, plugin] = prepare('v11-4096', `yield ${FINDING}`)
  const before = fingerprint(image)
  const { exitCode, verdict, findings } = await checked(image, plugin)
  expect({ exitCode, verdict }).toEqual({ exitCode: 4, verdict: 'damaged' })
  expect(findings).toEqual([expect.objectContaining({ code: 'acme-size', lane: null })])
  expect((await bttHere('check', image, '--plugin', plugin)).stdout.toString()).toContain(
    'damaged: it is too large\n',
  )
  expect(fingerprint(image)).toBe(before)
})

test('a rule that fails is told beside what was found, and nobody takes the image for checked', async () => {
  const [image, plugin] = prepare('bad-map-oob', "throw new Error('no luck')")
  const { exitCode, findings } = await checked(image, plugin)
  expect(exitCode).toBe(8)
  expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['map-range', 'rule-failed']))
  expect(findings.at(-1)?.message).toContain("the rule 'acme' did not come to its end: no luck")
})

test('rules look at a repaired image, which they cannot store to', async () => {
  const [image, plugin] = prepare('bad-map-oob', 'provider.write(0, new Uint8Array(1))')
  const { exitCode, findings } = await checked(image, plugin, '--repair')
  expect(exitCode).toBe(8)
  expect(findings.at(-1)?.message).toContain('a check stores nothing')
  expect((await bttHere('check', image)).exitCode).toBe(0)
})

test('the rules of the example', async () => {
  const rules = fileURLToPath(new URL('../../../examples/check-rules/rules.js', import.meta.url))
  const [small] = prepare('crash-512', '')
  const [large] = prepare('v11-4096', '')
  const { findings } = await checked(small, rules)
  expect(findings.at(-1)).toMatchObject({
    code: 'example-small-sectors',
    message: expect.stringContaining('512 bytes'),
  })
  expect(await checked(large, rules)).toMatchObject({ exitCode: 0, findings: [] })
})

test('a rule that is none is one line', async () => {
  const [image, plugin] = prepare('v11-4096', '')
  writeFileSync(plugin, 'export const checkers = [{}]\n')
  const { exitCode, stderr } = await bttHere('check', image, '--plugin', plugin)
  expect(exitCode).toBe(8)
  expect(stderr).toBe(`btt: the plugin ${plugin} cannot be used: a checker has no 'name' and 'check'\n`)
})
