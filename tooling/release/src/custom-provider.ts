import assert from 'node:assert/strict'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { NodeProgram } from './nodes.ts'
import { runCommand, tryCommand } from './run-command.ts'

const BTT = 'node_modules/@bttkit/cli/dist/main.js'
const IMAGE = 'disk.chunks'

/** Its tests, among them the conformance suite. */
export async function runItsTests(project: string, node: NodeProgram): Promise<string> {
  const dist = join(project, 'dist')
  const tests = readdirSync(dist).filter((file) => file.endsWith('.test.js'))
  const args = ['--test', '--test-reporter=tap', ...tests]
  const { output } = await runCommand(node.path, args, { cwd: dist })
  const count = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(output)?.[1])
  assert.ok(count('pass') > 40, `only ${count('pass')} tests passed`)
  return `${node.version}: ${count('pass')} passed, ${count('skipped')} skipped`
}

/** `btt` with the provider as a file, in its own project, and as a package that another project has installed. */
export async function runCommands(project: string, consumer: string, node: NodeProgram): Promise<string> {
  const btt = (plugin: string, cwd: string, args: string[], input = new Uint8Array()): Promise<Buffer> =>
    runCommand(node.path, [BTT, ...args, '--plugin', plugin], { cwd, input }).then(({ stdout }) => stdout)
  const sector = Buffer.alloc(4096, 'a sector of the release check. ')
  try {
    await btt('./dist/index.js', project, ['create', `chunks:${IMAGE}`, '--size', '64MiB', '--quiet'])
    await btt('./dist/index.js', project, ['write', `chunks:${IMAGE}`, '--lba', '7', '--quiet'], sector)
    const image = `chunks:${join(project, IMAGE)}?level=9`
    assert.deepEqual(await btt('@example/pmem-chunks', consumer, ['read', image, '--lba', '7']), sector)
    const info = JSON.parse(String(await btt('@example/pmem-chunks', consumer, ['info', image, '--json'])))
    assert.equal(info.state, 'clean')
  } finally {
    rmSync(join(project, IMAGE), { recursive: true, force: true })
  }
  return node.version
}

export async function runProgram(project: string, node: NodeProgram): Promise<string> {
  const { output } = await runCommand(node.path, ['dist/program.js'], { cwd: project })
  assert.match(output, /^64 MiB take \d+ bytes$/m)
  return `${node.version}: ${output.trim()}`
}

/** A plugin for the next major version of the contract is refused, and the message has both versions. */
export async function checkRefusal(consumer: string, node: NodeProgram): Promise<string> {
  const interfaces = join(consumer, 'node_modules/@bttkit/interfaces/dist/index.js')
  const { PROVIDER_CONTRACT: ours }: { PROVIDER_CONTRACT: string } = await import(
    pathToFileURL(interfaces).href
  )
  const theirs = `${Number(ours.split('.')[0]) + 1}.0`
  const source = `import { providerPlugin as plugin } from '@example/pmem-chunks'
export const providerPlugin = { ...plugin, contract: '${theirs}' }
`
  writeFileSync(join(consumer, 'later-plugin.js'), source)
  const args = [BTT, 'info', 'chunks:nowhere', '--plugin', './later-plugin.js']
  const { exitCode, output } = await tryCommand(node.path, args, { cwd: consumer })
  assert.notEqual(exitCode, 0, `it was not refused: ${output}`)
  for (const version of [ours, theirs]) {
    assert.ok(output.includes(version), `the refusal does not name ${version}: ${output}`)
  }
  return output.trim()
}
