import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchFolders } from './bench-context.ts'

async function withFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, 'btt-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs `work` with new folders in these two, which are gone afterwards with all that is in them. */
export function withScratchFolders<T>(
  parents: BenchFolders,
  work: (folders: BenchFolders) => Promise<T>,
): Promise<T> {
  return withFolder(parents.memory, (memory) => withFolder(parents.disk, (disk) => work({ memory, disk })))
}
