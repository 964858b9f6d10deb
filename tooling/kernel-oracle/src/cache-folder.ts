import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where kernels and programs are kept between runs: `BTTKIT_KERNEL_CACHE`, or a folder of the user's caches. */
export function cacheFolder(): string {
  const { BTTKIT_KERNEL_CACHE: own, XDG_CACHE_HOME: caches = join(homedir(), '.cache') } = process.env
  return own ?? join(caches, 'bttkit', 'kernel-oracle')
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}

/**
 * The folder of that name in the cache. Where it is not there it is made in one step, when all that `fill` puts into it is complete, so that a run
 * that was interrupted leaves none, and two that make it at once do not meet.
 */
export async function cached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), name)
  if (await exists(folder)) return folder
  await mkdir(cacheFolder(), { recursive: true })
  const unfinished = await mkdtemp(join(cacheFolder(), `unfinished-${name}-`))
  try {
    await fill(unfinished)
    await rename(unfinished, folder)
  } catch (error) {
    // Another run may have been faster.
    if (!(await exists(folder))) throw error
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return folder
}
