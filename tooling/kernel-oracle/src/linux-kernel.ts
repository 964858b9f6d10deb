import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache-folder.ts'
import { kernelPackage, unpackPackages } from './debian-packages.ts'
import type { GuestPrograms } from './guest-programs.ts'
import { runProgram } from './run-program.ts'

/** A kernel of Debian's that lies unpacked in the cache. */
export interface LinuxKernel {
  /** As `uname -r` says it. */
  readonly release: string
  /** The file to boot. */
  readonly image: string
  /** The folder that the paths of `modules.dep` are relative to. */
  readonly modules: string
}

const DEPMOD_LIMIT_MS = 180_000

/**
 * A kernel of Debian's, by the name of its package or of a meta package; fetched on the first use.
 *
 * @throws {Error} where it cannot be had
 */
export async function linuxKernel(packageName: string, { busybox }: GuestPrograms): Promise<LinuxKernel> {
  const concrete = await kernelPackage(packageName)
  const folder = await cached(concrete, async (unfinished) => {
    await unpackPackages([concrete], unfinished)
    const release = await onlyRelease(unfinished)
    // Packages have no modules.dep: it is made where they are installed.
    await runProgram(busybox, ['depmod', '-b', unfinished, release], { limitMs: DEPMOD_LIMIT_MS })
  })
  const release = await onlyRelease(folder)
  return {
    release,
    image: join(folder, 'boot', `vmlinuz-${release}`),
    modules: join(folder, 'lib', 'modules', release),
  }
}

async function onlyRelease(folder: string): Promise<string> {
  const releases = await readdir(join(folder, 'lib', 'modules'))
  const [release] = releases
  if (release === undefined || releases.length > 1) throw new Error(`${folder}: not the files of one kernel`)
  return release
}
