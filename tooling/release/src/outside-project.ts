import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeProgram } from './nodes.ts'
import { runCommand } from './run-command.ts'
import type { Tarball } from './tarballs.ts'
import { readManifest } from './workspace-copy.ts'

/** Names, and from where npm shall take them: a version, or `file:` and a tarball. */
type Sources = Readonly<Record<string, string>>

export function sourcesOf(tarballs: readonly Pick<Tarball, 'name' | 'path'>[]): Sources {
  return Object.fromEntries(tarballs.map(({ name, path }) => [name, `file:${path}`]))
}

/** Takes what is not published yet from its tarball, wherever it is asked for. */
async function install(folder: string, manifest: object, packed: Sources): Promise<void> {
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ ...manifest, overrides: packed }, undefined, 2)}\n`,
  )
  const quietly = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  await runCommand('npm', ['install', ...quietly], { cwd: folder })
  const installed = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const nested = installed.match(/"node_modules\/.+\/node_modules\/@bttkit\/[^"/]+":/g)
  assert.equal(nested, null, 'packages of bttkit that are there twice')
}

/** Makes a project that depends on all of these. */
export async function makeConsumer(folder: string, sources: Sources, development: Sources): Promise<void> {
  mkdirSync(folder)
  const manifest = {
    private: true,
    type: 'module',
    dependencies: sources,
    devDependencies: development,
  }
  await install(folder, manifest, sources)
}

/** Installs a project that is there already. What it asks of bttkit has to be what is published. */
export async function installProject(folder: string, tarballs: readonly Tarball[]): Promise<void> {
  const manifest = readManifest(folder)
  const packed = sourcesOf(tarballs)
  const versions = new Map(tarballs.map(({ name, version }) => [name, version]))
  const resolve = (wanted: Sources = {}): Sources =>
    Object.fromEntries(
      Object.entries(wanted).map(([name, range]) => {
        if (name.startsWith('@bttkit/')) assertInRange(name, range, versions.get(name))
        return [name, packed[name] ?? range]
      }),
    )
  const { dependencies, devDependencies } = manifest
  const resolved = {
    ...manifest,
    dependencies: resolve(dependencies),
    devDependencies: resolve(devDependencies),
  }
  await install(folder, resolved, packed)
}

/** Whether a caret range is of this version: the same major one, and below 1.0.0 the same minor one. */
function assertInRange(name: string, range: string, version = ''): void {
  const [major = '', minor = ''] = version.split('.')
  const line = major === '0' ? `^${major}.${minor}.` : `^${major}.`
  assert.ok(
    range.startsWith(line),
    `the example asks for ${name} ${range}, and ${version} would be published`,
  )
}

/** Type-checks, with all declarations, a module that imports the main entry of each package, and runs it under each Node. */
export async function checkConsumer(
  folder: string,
  names: readonly string[],
  compiler: string,
  nodes: readonly NodeProgram[],
): Promise<void> {
  const imports = names.map((name, index) => `import * as p${index} from '${name}'`)
  const list = names.map((_name, index) => `p${index}`).join(', ')
  const check = `if ([${list}].some((one) => Object.keys(one).length === 0)) throw new Error('an empty package')`
  writeFileSync(join(folder, 'all.ts'), `${imports.join('\n')}\n\n${check}\n`)
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['all.ts'] }))
  await runCommand(compiler, ['-p', folder], { cwd: folder })
  for (const { path } of nodes) await runCommand(path, ['all.js'], { cwd: folder })
}

/** Each program that is published says its version, under each Node. */
export async function checkPrograms(
  folder: string,
  tarballs: readonly Tarball[],
  nodes: readonly NodeProgram[],
): Promise<string> {
  const checked: string[] = []
  for (const { name, version, manifest } of tarballs) {
    for (const [program, path] of Object.entries(manifest.bin ?? {})) {
      for (const node of nodes) {
        const args = [join('node_modules', name, path), '--version']
        const { output } = await runCommand(node.path, args, { cwd: folder })
        assert.ok(output.includes(version), `${program} says that it is ${output}, and it is ${version}`)
      }
      checked.push(program)
    }
  }
  return checked.join(', ')
}
