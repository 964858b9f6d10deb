import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest, WorkspaceCopy } from './workspace-copy.ts'

const SAMPLE = '@bttkit/pmem-memory'

const versionsOf = (manifests: readonly Manifest[]): Map<string, string> =>
  new Map(manifests.map(({ name, version }) => [name, version]))

function afterPatch(version = ''): string {
  const [major, minor, patch] = version.split('.')
  return `${major}.${minor}.${Number(patch) + 1}`
}

/** A package, and all that are published with it inside: who depends on it, and on those. */
function withDependents(name: string, manifests: readonly Manifest[]): Set<string> {
  const found = new Set([name])
  // A set that grows while it is walked is walked to its new end.
  for (const one of found) {
    for (const { name: other, dependencies = {} } of manifests) if (one in dependencies) found.add(other)
  }
  return found
}

function changesetsOf(copy: WorkspaceCopy): string[] {
  const folder = join(copy.folder, '.changeset')
  const files = readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md')
  return files.map((file) => join(folder, file))
}

/** Else a package would be published by chance, with the version that a dependency gave it, or never. */
export function checkEachIsInAChangeset(copy: WorkspaceCopy): void {
  const text = changesetsOf(copy)
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  const forgotten = copy
    .manifests()
    .filter(({ name, version }) => version === '0.0.0' && !text.includes(`'${name}': `))
    .map(({ name }) => name)
  assert.deepEqual(forgotten, [], 'packages that were never published, and are in no changeset')
}

/** Makes versions of the changesets that wait. */
export async function makeWaitingVersions(copy: WorkspaceCopy): Promise<string> {
  await copy.pnpm('exec', 'changeset', 'version')
  assert.deepEqual(changesetsOf(copy), [], 'changesets that are left over')
  return `${copy.manifests().length} packages`
}

/** A patch to one package gives it, and who depends on it, a patch version. Nobody else gets a version. */
export async function makeSampleVersions(copy: WorkspaceCopy): Promise<string> {
  const manifests = copy.manifests()
  const expected = versionsOf(manifests)
  const touched = withDependents(SAMPLE, manifests)
  for (const name of touched) expected.set(name, afterPatch(expected.get(name)))
  writeFileSync(join(copy.folder, '.changeset/sample.md'), `---\n'${SAMPLE}': patch\n---\n\nA sample.\n`)
  await copy.pnpm('exec', 'changeset', 'version')
  assert.deepEqual(versionsOf(copy.manifests()), expected)
  return `${touched.size} of ${manifests.length} packages`
}
