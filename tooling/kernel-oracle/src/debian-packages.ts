/**
 * Debian's packages, without installing them: downloaded by apt-get and unpacked into a folder. It needs no root.
 *
 * The machine's own lists of packages are used. Where they are missing, or name what is gone, newer ones are fetched into the cache, and then those of the
 * backports, which have kernels that the release has not; the machine's are not touched.
 */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from './cache-folder.ts'
import { runProgram } from './run-program.ts'

/** A kernel has 70 MB. */
const DOWNLOAD_LIMIT_MS = 240_000
const UNPACK_LIMIT_MS = 120_000
const LOOK_UP_LIMIT_MS = 60_000

/** What makes apt use lists in a folder of the cache. */
async function listsIn(name: string): Promise<string[]> {
  const folder = join(cacheFolder(), name)
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
  // Where apt-file is installed, updates fetch a list of all files of all packages as well.
  const noContents = 'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false'
  return [`Dir::State::Lists=${join(folder, 'lists')}`, `Dir::Cache=${folder}`, noContents]
}

/** Debian's source of backports for the release that `/etc/os-release` tells of. */
export function backportsOf(osRelease: string): string {
  const [, codename] = /^VERSION_CODENAME=(\w+)$/m.exec(osRelease) ?? []
  if (codename === undefined) throw new Error('there are backports for releases of Debian only')
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg'
  return `deb [signed-by=${key}] http://deb.debian.org/debian ${codename}-backports main\n`
}

async function backports(): Promise<string[]> {
  const lists = await listsIn('backports-lists')
  const source = join(cacheFolder(), 'backports-lists', 'backports.list')
  await writeFile(source, backportsOf(await readFile('/etc/os-release', 'utf8')))
  return [...lists, `Dir::Etc::SourceList=${source}`, 'Dir::Etc::SourceParts=/dev/null']
}

/** Does it with the machine's lists, if that fails with fresh ones, and then with those of the backports. */
async function withLists<T>(use: (options: readonly string[]) => Promise<T>): Promise<T> {
  try {
    return await use([])
  } catch (error) {
    let problem = error
    for (const lists of [() => listsIn('package-lists'), backports]) {
      try {
        const options = (await lists()).flatMap((option) => ['-o', option])
        await runProgram('apt-get', ['update', ...options], { limitMs: DOWNLOAD_LIMIT_MS })
        return await use(options)
      } catch (next) {
        problem = next
      }
    }
    throw problem
  }
}

/** The first package that `apt-cache depends` says is depended on, and that matches. */
export function dependedOn(apt: string, pattern: RegExp): string | undefined {
  for (const [, name = ''] of apt.matchAll(/^ *Depends: (\S+)$/gm)) if (pattern.test(name)) return name
  return undefined
}

/**
 * The package that brings a kernel: the one that a meta package such as `linux-image-amd64` stands for, else itself.
 *
 * @throws {Error} where Debian has none of that name
 */
export async function kernelPackage(name: string): Promise<string> {
  const text = await withLists((options) =>
    runProgram('apt-cache', ['depends', ...options, name], { limitMs: LOOK_UP_LIMIT_MS }),
  )
  return dependedOn(text, /^linux-image-\d/) ?? name
}

/**
 * Unpacks these packages, and nothing that they depend on, into a folder.
 *
 * @throws {Error} where one cannot be had
 */
export async function unpackPackages(names: readonly string[], folder: string): Promise<void> {
  const downloads = await mkdtemp(join(folder, 'downloads-'))
  await withLists((options) =>
    runProgram('apt-get', ['download', ...options, ...names], { cwd: downloads, limitMs: DOWNLOAD_LIMIT_MS }),
  )
  for (const file of await readdir(downloads)) {
    await runProgram('dpkg-deb', ['-x', join(downloads, file), folder], { limitMs: UNPACK_LIMIT_MS })
  }
  await rm(downloads, { recursive: true })
}
