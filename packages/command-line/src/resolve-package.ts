/**
 * Where a package's module is, for programs in some folder: what `import` in a file there would load. Node has no call for this that all supported
 * versions know; `require.resolve` finds nothing in packages whose exports are for `import` only.
 */
import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What `import` in Node accepts; the order is the package's. */
const CONDITIONS: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'default'])

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** `@acme/thing/sub` has the name `@acme/thing` and the subpath `./sub`. */
function cutName(specifier: string): { readonly name: string; readonly subpath: string } | undefined {
  const [, name, rest = ''] = /^((?:@[^/\\%]+\/)?[^/\\%@.:][^/\\%:]*)(\/.*)?$/.exec(specifier) ?? []
  return name === undefined ? undefined : { name, subpath: `.${rest}` }
}

/** The nearest `node_modules` above a folder that has the package. */
function findPackage(name: string, folder: string): string | undefined {
  const candidate = join(folder, 'node_modules', name)
  if (statSync(candidate, { throwIfNoEntry: false })?.isDirectory() === true) return candidate
  const parent = dirname(folder)
  return parent === folder ? undefined : findPackage(name, parent)
}

/** The file that an entry of `exports` leads to; undefined where no condition of it is met. */
function chooseTarget(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (Array.isArray(target)) return target.map(chooseTarget).find((found) => found !== undefined)
  if (!isObject(target)) return undefined
  for (const [condition, nested] of Object.entries(target)) {
    const found = CONDITIONS.has(condition) ? chooseTarget(nested) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** Of the entries with a star, the one that says most of the subpath counts. */
function matchPattern(exported: Readonly<Record<string, unknown>>, subpath: string): string | undefined {
  const matches = Object.keys(exported).flatMap((key) => {
    const [before = '', after, ...more] = key.split('*')
    const fits =
      after !== undefined &&
      more.length === 0 &&
      subpath.length > before.length + after.length &&
      subpath.startsWith(before) &&
      subpath.endsWith(after)
    return fits ? [{ key, before, star: subpath.slice(before.length, subpath.length - after.length) }] : []
  })
  const [best] = matches.toSorted((a, b) => b.before.length - a.before.length || b.key.length - a.key.length)
  return best && chooseTarget(exported[best.key])?.replaceAll('*', best.star)
}

function resolveExports(exported: unknown, subpath: string): string | undefined {
  const hasSubpaths = isObject(exported) && Object.keys(exported).some((key) => key.startsWith('.'))
  if (!hasSubpaths) return subpath === '.' ? chooseTarget(exported) : undefined
  return Object.hasOwn(exported, subpath) ? chooseTarget(exported[subpath]) : matchPattern(exported, subpath)
}

/**
 * The address of the module that `import` of a package's name, perhaps with a subpath, loads in a file of `folder`.
 *
 * @returns undefined where no such package is installed for that folder
 * @throws {Error} where it is, and does not export that
 */
export function resolvePackage(specifier: string, folder: string): string | undefined {
  const cut = cutName(specifier)
  const found = cut && findPackage(cut.name, resolve(folder))
  if (cut === undefined || found === undefined) return undefined
  const manifestPath = join(found, 'package.json')
  const manifest: unknown = JSON.parse(readFileSync(manifestPath, 'utf8'))
  const exported = isObject(manifest) ? manifest['exports'] : undefined
  if (exported === undefined || exported === null) {
    // Such packages are found as ever: by `main`, `index.js`, or as files.
    return pathToFileURL(createRequire(manifestPath).resolve(join(found, cut.subpath))).href
  }
  const target = resolveExports(exported, cut.subpath)
  if (target === undefined) throw new Error(`${found} exports no '${cut.subpath}' for import`)
  return pathToFileURL(join(found, target)).href
}
