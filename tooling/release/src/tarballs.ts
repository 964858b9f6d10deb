import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'
import { readManifest, type Manifest, type WorkspaceCopy } from './workspace-copy.ts'

/** A package as it would be published. */
export interface Tarball {
  readonly name: string
  readonly version: string
  /** The file itself. */
  readonly path: string
  /** What it holds, unpacked. */
  readonly folder: string
  readonly manifest: Manifest
}

/** Packs whatever is not private, and unpacks it to look into it. */
export async function packAll(copy: WorkspaceCopy, folder: string): Promise<Tarball[]> {
  const filters = ['--filter', './packages/*', '--filter', './apps/*']
  await copy.pnpm('-r', ...filters, 'pack', '--pack-destination', folder)
  const published = new Set(copy.manifests().map(({ name }) => name))
  const tarballs: Tarball[] = []
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.tgz'))) {
    const unpacked = join(folder, file.slice(0, -'.tgz'.length))
    mkdirSync(unpacked)
    await runCommand('tar', ['xzf', join(folder, file), '-C', unpacked], { cwd: folder })
    const packageFolder = join(unpacked, 'package')
    const manifest = readManifest(packageFolder)
    if (!published.has(manifest.name)) continue
    const { name, version } = manifest
    tarballs.push({ name, version, path: join(folder, file), folder: packageFolder, manifest })
  }
  assert.deepEqual(tarballs.map(({ name }) => name).toSorted(), [...published].toSorted())
  return tarballs
}

const ALLOWED_AT_TOP = new Set(['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'])
const REQUIRED = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/index.js', 'dist/index.d.ts']

function mayBePublished(file: string): boolean {
  if (ALLOWED_AT_TOP.has(file)) return true
  // Sources that are compiled where they run.
  if (/^native\/[^/]+\.[ch]$/.test(file)) return true
  return /^dist\/.+\.(js|d\.ts)(\.map)?$/.test(file) && !/\.test(-support)?\./.test(file)
}

/** Paths that `exports` and `bin` name. */
function pathsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsIn) : []
}

/** Everything that people need, nothing that they do not, and no word of the workspace. */
export function checkContent({ name, folder, manifest }: Tarball): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  const missing = REQUIRED.filter((file) => !files.includes(file))
  const superfluous = files.filter((file) => !mayBePublished(file))
  const named = pathsIn([manifest.exports, manifest.bin]).map((path) => path.replace('./', ''))
  const dangling = named.filter((path) => !files.includes(path))
  assert.deepEqual({ missing, superfluous, dangling }, { missing: [], superfluous: [], dangling: [] }, name)
  const text = readFileSync(join(folder, 'package.json'), 'utf8')
  assert.doesNotMatch(text, /"(workspace|catalog|link|file):/, `${name}: package.json`)
  assert.equal(manifest.license, 'MIT', `${name}: license`)
  assert.notEqual(manifest.description ?? '', '', `${name}: description`)
}

/** What publint and are-the-types-wrong find is a failure. */
export async function checkByLinters(copy: WorkspaceCopy, tarballs: readonly Tarball[]): Promise<void> {
  const options = { cwd: copy.folder }
  const waiting = tarballs.values()
  const work = async (): Promise<void> => {
    for (const { path } of waiting) {
      await runCommand(copy.tool('publint'), ['run', '--strict', path], options)
      await runCommand(copy.tool('attw'), [path, '--profile', 'esm-only'], options)
    }
  }
  // They take one package from the same row, each time that they are done with one.
  await Promise.all([work(), work()])
}
