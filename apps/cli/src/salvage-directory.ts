/** The directory that a salvage fills. What is there is not overwritten by mistake, and never through a symbolic link. */
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { CommandError } from '@bttkit/command-line'
import { naming } from './naming.ts'
import { refuseImageItself } from './same-file.ts'
import { syncDirectory } from './sync-directory.ts'
import type { ImageToOpen } from './with-image.ts'

export const MANIFEST = 'manifest.json'
/** The manifest, until all that it tells of is durable. */
export const PARTIAL_MANIFEST = 'manifest.json.partial'
export const SECTORS = 'sectors.img'
export const BLOCKS = 'unreferenced.img'

const OUTPUTS = [SECTORS, BLOCKS, PARTIAL_MANIFEST, MANIFEST] as const

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function namesIn(path: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/**
 * Refuses what would be overwritten, before anything is read or made.
 *
 * @param force whether the directory may hold something; files of our names are replaced then
 * @throws {CommandError}
 */
export async function checkDirectory(target: ImageToOpen, path: string, force: boolean): Promise<void> {
  await naming(path, async () => {
    const names = await namesIn(path)
    if (names === undefined) {
      await stat(dirname(resolve(path)))
      return
    }
    if (names.length > 0 && !force)
      throw new CommandError(`${path}: is not empty (ENOTEMPTY): name a new directory, or use --force`)
    for (const name of OUTPUTS.filter((output) => names.includes(output)))
      await checkOld(target, join(path, name))
  })
}

async function checkOld(target: ImageToOpen, path: string): Promise<void> {
  const stats = await lstat(path)
  if (!stats.isFile()) throw new CommandError(`${path}: is no file, and is not replaced (EEXIST)`)
  refuseImageItself(target, path)
}

/** Makes the directory, unless it is there. With `force` it takes away what an earlier salvage left in it: its manifest would be another's. */
export async function prepareDirectory(path: string, force: boolean): Promise<void> {
  await naming(path, async () => {
    const names = await namesIn(path)
    if (names === undefined) {
      await mkdir(path)
      await syncDirectory(dirname(resolve(path)))
    }
    if (!force) return
    for (const name of OUTPUTS.toReversed()) await rm(join(path, name), { force: true })
    await syncDirectory(path)
  })
}

/** Makes a file that is not there. */
export function makeOutput(directory: string, name: (typeof OUTPUTS)[number]): Promise<FileHandle> {
  const path = join(directory, name)
  return naming(path, () => open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL))
}
