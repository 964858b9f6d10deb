// Proves a release without publishing: versions, packages, and a project outside that uses them. Works on a copy; the checkout stays as it is.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkEachIsInAChangeset, makeSampleVersions, makeWaitingVersions } from './check-versions.ts'
import { checkRefusal, runCommands, runItsTests, runProgram } from './custom-provider.ts'
import { findNodes } from './nodes.ts'
import { checkConsumer, checkPrograms, installProject, makeConsumer, sourcesOf } from './outside-project.ts'
import { endCommands, runCommand } from './run-command.ts'
import { step } from './step.ts'
import { checkByLinters, checkContent, packAll, type Tarball } from './tarballs.ts'
import { readManifest, WorkspaceCopy } from './workspace-copy.ts'

const checkout = fileURLToPath(new URL('../../../', import.meta.url))

async function checkPackages(copy: WorkspaceCopy, folder: string): Promise<Tarball[]> {
  await step('each package is in a changeset, or was published', () => checkEachIsInAChangeset(copy))
  await step('changeset version, of what waits', () => makeWaitingVersions(copy))
  await step('changeset version, of a sample patch', () => makeSampleVersions(copy))
  await step('build', () => copy.pnpm('build'))
  const tarballs = await step('pack', () => packAll(copy, folder))
  await step('content of the tarballs', () => tarballs.forEach(checkContent))
  await step('publint and are-the-types-wrong', () => checkByLinters(copy, tarballs))
  return tarballs
}

async function checkUse(copy: WorkspaceCopy, tarballs: readonly Tarball[], scratch: string): Promise<void> {
  const nodes = await findNodes(copy.folder)
  const project = join(scratch, 'custom-provider')
  cpSync(join(copy.folder, 'examples/custom-provider'), project, { recursive: true })
  await step('the custom provider, installed from the tarballs', () => installProject(project, tarballs))
  await step('the custom provider, built', () => runCommand('npm', ['run', 'build'], { cwd: project }))
  await step('the custom provider, packed', () => runCommand('npm', ['pack'], { cwd: project }))

  const consumer = join(scratch, 'consumer')
  const { name, version } = readManifest(project)
  const chunks = { name, path: join(project, `example-pmem-chunks-${version}.tgz`) }
  const types = readManifest(join(copy.folder, 'node_modules/@types/node'))
  await step('a project with all packages, installed from the tarballs', () =>
    makeConsumer(consumer, sourcesOf([...tarballs, chunks]), { [types.name]: types.version }),
  )
  const all = [...tarballs, chunks].map((one) => one.name)
  await step('strict types of all packages, and their import', () =>
    checkConsumer(consumer, all, copy.tool('tsc'), nodes),
  )
  await step('the programs start', () => checkPrograms(consumer, tarballs, nodes))
  if (nodes.length < 2)
    process.stdout.write('   this machine has no Node of its own besides the installed one\n')
  for (const node of nodes) {
    await step('the custom provider keeps the contract', () => runItsTests(project, node))
    await step('the custom provider with btt', () => runCommands(project, consumer, node))
    await step('the custom provider in a program', () => runProgram(project, node))
    await step('a plugin for another contract is refused', () => checkRefusal(consumer, node))
  }
}

async function checkRelease(scratch: string): Promise<void> {
  const copy = await step('a copy of the workspace, installed', () =>
    WorkspaceCopy.make(checkout, join(scratch, 'workspace')),
  )
  const packed = join(scratch, 'packed')
  mkdirSync(packed)
  await checkUse(copy, await checkPackages(copy, packed), scratch)
}

const scratch = mkdtempSync(join(tmpdir(), 'bttkit-release-'))
process.on('exit', () => {
  endCommands()
  rmSync(scratch, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
try {
  await checkRelease(scratch)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
